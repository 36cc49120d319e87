/** Which languages there are, and which one to speak: the person's choice, else the browser's, else English. */

/** Each by its own name. */
export const languages = { en: 'English', de: 'Deutsch' }
export type Language = keyof typeof languages

export const isLanguage = (name: unknown): name is Language =>
  typeof name === 'string' && Object.hasOwn(languages, name)

export function chooseLanguage(wanted: string | null, preferred: readonly string[]): Language {
  if (isLanguage(wanted)) return wanted
  return preferred.map((tag) => tag.split('-')[0]?.toLowerCase()).find(isLanguage) ?? 'en'
}
