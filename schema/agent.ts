/** Says a User-Agent in words a person knows. Only for showing: nothing is decided by it, and it claims no more than it says. */
import * as v from 'valibot'

const word = v.optional(v.pipe(v.string(), v.maxLength(64)))
export const Agent = v.object({ browser: word, system: word })
export type Agent = v.InferOutput<typeof Agent>

const browsers: [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|Chromium|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]

const systems: [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
]

const named = (list: [RegExp, string][], userAgent: string): string | undefined =>
  list.find(([pattern]) => pattern.test(userAgent))?.[1]

/** @returns null where the text is not a browser's. */
export function agentOf(userAgent: string): Agent | null {
  const browser = named(browsers, userAgent)
  const system = named(systems, userAgent)
  return browser === undefined ? null : { browser, ...(system !== undefined && { system }) }
}
