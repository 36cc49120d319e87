/**
 * The worker and schema/ as one module, as esbuild makes one of them for a deployment. Vitest asks for each module by itself, and anew
 * for each test file: of four hundred that was a second of CPU a file. Each path stays what tests import; it passes on its part.
 */
import { globSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build } from 'esbuild'
import type { Plugin } from 'vitest/config'

export async function asOne(root: string): Promise<Plugin> {
  const paths = globSync(['schema/**/*.ts', 'worker/**/*.ts'], {
    cwd: root,
    exclude: ['worker/local/**'],
  }).toSorted()
  const options = {
    absWorkingDir: root,
    format: 'esm',
    metafile: true,
    packages: 'external',
    target: 'esnext',
  } as const
  const { metafile } = await build({ ...options, entryPoints: paths, write: false, outdir: root })
  const exported = new Map<string, string[]>()
  for (const { entryPoint, exports } of Object.values(metafile.outputs))
    if (entryPoint) exported.set(entryPoint, exports)
  const contents = [...exported].map(
    ([path, names]) =>
      `export { ${names.map((name) => `${name} as ${inWhole(path, name)}`)} } from './${path}'`,
  )
  // A file, because Vitest keeps what it made of files by their contents. Its stacks show lines of it.
  const whole = join(root, 'node_modules/.countersign/worker.js')
  await build({
    ...options,
    bundle: true,
    write: true,
    sourcemap: 'linked',
    stdin: { contents: contents.join('\n'), resolveDir: root },
    outfile: whole,
  })
  const parts = new Map([...exported].map(([path, names]) => [join(root, path), names]))
  return {
    name: 'as-one',
    enforce: 'pre',
    load(id) {
      const names = parts.get(id)
      if (!names) return undefined
      const path = relative(root, id)
      const own = names.map((name) => `${inWhole(path, name)} as ${name}`)
      return `export { ${own} } from ${JSON.stringify(whole)}`
    },
  }
}

const inWhole = (path: string, name: string): string => `${name}_of_${path.replaceAll(/\W/g, '_')}`
