/** How much script a phone reads before it can show a question, by the files of the build. */
import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildPwa } from '../../worker/local/build-pwa.ts'
import { projectRoot } from '../../worker/local/paths.ts'

/** Beyond it a question is late on a slow phone (issue 4). */
const mostScriptBytes = 40_000
const dist = join(projectRoot, 'dist')

// `npm test` has built it by now; who runs this file alone may not.
beforeAll(() => buildPwa(() => {}).then(() => undefined), 120_000)

describe('the screen of a question', () => {
  it('needs at most 40 kB of script, compressed', () => {
    const html = readFileSync(join(dist, 'app.html'), 'utf8')
    const needed = [...html.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)].map(([, path]) => path!)
    expect(needed.length).toBeGreaterThan(0)
    const all = [...withImports(needed)]
    expect(all.some((path) => readFileSync(join(dist, path), 'utf8').includes('approve'))).toBe(
      true,
    )
    const bytes = all.map((path) => gzipSync(readFileSync(join(dist, path))).length)
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(mostScriptBytes)
  })
})

/** With all that these modules import before they run; what is asked for later is no part of it. */
function withImports(paths: string[], found = new Set<string>()): Set<string> {
  for (const path of paths) {
    if (found.has(path)) continue
    found.add(path)
    const text = readFileSync(join(dist, path), 'utf8')
    const imported = [...text.matchAll(/(?:from|import)\s*["'](\.\.?\/[^"']+\.js)["']/g)]
      .map(([, name]) => posix.join(posix.dirname(path), name!))
      .filter((name) => existsSync(join(dist, name)))
    withImports(imported, found)
  }
  return found
}
