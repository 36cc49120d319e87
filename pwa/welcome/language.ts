/**
 * Which of the page's two languages is shown. Both stand in the page, side by side; the style sheet hides the one that
 * is not the document's. What scripts say comes from a catalogue of the same two.
 */
export type Language = 'en' | 'de'

const kept = 'countersign.language'

export function chooseLanguage(): Language {
  const chosen = localStorage.getItem(kept)
  const language = isLanguage(chosen) ? chosen : preferred()
  document.documentElement.lang = language
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-language]')) {
    button.addEventListener('click', () => {
      const wanted = button.dataset.language ?? null
      if (!isLanguage(wanted)) return
      localStorage.setItem(kept, wanted)
      location.reload()
    })
  }
  return language
}

const isLanguage = (text: string | null): text is Language => text === 'en' || text === 'de'

/** The first language of the browser's that we speak. */
const preferred = (): Language =>
  navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en'
