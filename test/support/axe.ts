/** What axe-core finds wrong with a page, in lines short enough to read in a failing test. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Tab } from './tab.ts'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
type Axe = {
  run(
    what: Document,
    how: { resultTypes: string[]; selectors: boolean },
  ): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>
}

export async function axeViolations(tab: Tab): Promise<string[]> {
  if (!(await tab.run(() => 'axe' in globalThis))) await tab.inject(source)
  return tab.run(async () => {
    // What is well is not described, which takes longer than to find out that it is.
    const how = { resultTypes: ['violations'], selectors: false }
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run(document, how)
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`),
    )
  })
}

/** How many pixels of the page lie outside the window's width. */
export const overflowPixels = (tab: Tab): Promise<number> =>
  tab.run(() => Math.max(0, document.documentElement.scrollWidth - innerWidth))

/** Into the folder that SCREENSHOTS names, and where there is none, none: each takes a browser half a second. */
export async function keepPicture(tab: Tab, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS']
  if (folder) await tab.picture(join(folder, `${name}.png`))
}
