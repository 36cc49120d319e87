/** What a page of docs/ tells an administrator to write: its files by their paths, so that tests run the very text that people copy. */
import { accessSync, constants, readFileSync } from 'node:fs'

const page = (name: string): string =>
  readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')

/** Whether this user may read all of these: Debian shows some configuration to root alone. */
export function mayRead(...paths: string[]): boolean {
  try {
    for (const path of paths) accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** A file is a block whose line before begins with its path. @throws where the page has no such file. */
export function fileOf(name: string, path: string): string {
  const text = page(name)
  const at = text.indexOf(`\n\`${path}\``)
  const [, block] =
    at < 0 ? [] : (/^[^\n]*\n\n```\w*\n([\s\S]*?\n)```/.exec(text.slice(at + 1)) ?? [])
  if (block === undefined) throw new Error(`${name} shows no ${path}`)
  return block
}

/** With the values of this test in place of the page's. @throws where the page does not have one. */
export function filled(text: string, values: Record<string, string>): string {
  let done = text
  for (const [shown, own] of Object.entries(values)) {
    if (!done.includes(shown)) throw new Error(`the page does not say ${shown}`)
    done = done.replaceAll(shown, () => own)
  }
  return done
}

/** Every block of code, in order; of one language where it is said. */
export function blocksOf(name: string, language?: string): string[] {
  const all = page(name).matchAll(/^```(\w*)\n([\s\S]*?\n)```$/gm)
  return [...all].flatMap(([, said, block = '']) =>
    language === undefined || said === language ? [block] : [],
  )
}
