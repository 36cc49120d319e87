/** The catalogue the page speaks from right now, and times and dates in its language. */
import { computed, effect, signal } from '@preact/signals'
import { readSetting, writeSetting } from '../keys/settings.ts'
import { type Text, en } from './en.ts'
import { type Language, chooseLanguage, isLanguage } from './languages.ts'

/** English is always at hand; other languages come when they are spoken. */
const catalogues = signal<Partial<Record<Language, Text>>>({ en })

/** null: as the browser has it. */
export const wantedLanguage = signal<Language | null>(null)
const wished = computed(() => chooseLanguage(wantedLanguage.value, navigator.languages))
export const language = computed(() => (catalogues.value[wished.value] ? wished.value : 'en'))
export const text = computed(() => catalogues.value[language.value] ?? en)

effect(() => {
  document.documentElement.lang = language.value
})

/** A catalogue that cannot be fetched leaves the app in English rather than silent. */
async function load(wanted: Language): Promise<void> {
  if (catalogues.value[wanted]) return
  const { de } = await import('./de.ts')
  catalogues.value = { ...catalogues.value, de }
}

export async function readLanguage(): Promise<void> {
  const kept = await readSetting('language')
  wantedLanguage.value = isLanguage(kept) ? kept : null
  await load(wished.value).catch(() => undefined)
}

export async function changeLanguage(wanted: Language | null): Promise<void> {
  await load(chooseLanguage(wanted, navigator.languages)).catch(() => undefined)
  wantedLanguage.value = wanted
  await writeSetting('language', wanted)
}

/** The person's own region where the browser names one: the same language writes dates in many ways. */
const locale = (): string =>
  navigator.languages.find((tag) => tag.split('-')[0] === language.value) ?? language.value

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]

/** @returns "4 seconds ago". */
export function ago(atSeconds: number, nowSeconds: number): string {
  const seconds = Math.max(0, Math.round(nowSeconds - atSeconds))
  const [unit, size] = units.find(([, unitSeconds]) => seconds >= unitSeconds) ?? ['second', 1]
  const format = new Intl.RelativeTimeFormat(locale(), {
    numeric: seconds === 0 ? 'auto' : 'always',
  })
  return format.format(-Math.floor(seconds / size), unit)
}

const at = (atSeconds: number, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(locale(), options).format(atSeconds * 1000)

export const clockTime = (atSeconds: number): string => at(atSeconds, { timeStyle: 'short' })
export const dayName = (atSeconds: number): string => at(atSeconds, { dateStyle: 'full' })
export const shortDate = (atSeconds: number): string => at(atSeconds, { dateStyle: 'long' })
