/** How much script a phone reads before it can show a question, by the files of the build; and what the worker asks for before it starts. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildPwa } from '../../worker/local/build-pwa.ts'
import { bundleForEdge } from '../../worker/local/bundle.ts'
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

describe('the worker', () => {
  it('imports nothing of Node at its start, and has no certificate', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-bundle-'))
    try {
      const script = readFileSync(await bundleForEdge(folder), 'utf8')
      const imported = [...script.matchAll(/\b(?:from|import)"([\w:/@.-]+)"/g)]
      expect(new Set(imported.map(([, name]) => name))).toEqual(new Set(['cloudflare:workers']))
      expect(script).toContain('getBuiltinModule("node:crypto")')
      expect(script).not.toContain('BEGIN CERTIFICATE')
    } finally {
      rmSync(folder, { recursive: true })
    }
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
