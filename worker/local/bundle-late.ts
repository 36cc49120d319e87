/**
 * Puts what the worker imports late into one function. At a module's top level V8 makes something of each of its thousands of
 * functions; inside of one it skims them, until that one is called. Late files are among themselves as they were written; what an
 * early file imports is another copy for them, so it must not hold anything.
 */
import { join, relative } from 'node:path'
import { type BuildOptions, type Plugin, build } from 'esbuild'
import { projectRoot } from './paths.ts'

const name = 'late-in-one'
const lateModule = join(projectRoot, 'worker/late.js')

/** Says nothing of the machine. */
const nameOf = (resolveDir: string, path: string): string =>
  relative(projectRoot, join(resolveDir, path)).replaceAll('\\', '/')

export const lateInOne: Plugin = {
  name,
  setup(bundler) {
    const { plugins = [], ...given } = bundler.initialOptions
    const options = { ...given, plugins: plugins.filter((plugin) => plugin.name !== name) }
    bundler.onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) =>
      kind === 'dynamic-import' ? { path: nameOf(resolveDir, path), namespace: 'late' } : null,
    )
    bundler.onLoad({ filter: /.*/, namespace: 'late' }, ({ path }) => ({
      contents: `import { late } from ${JSON.stringify(lateModule)}\nmodule.exports = late()['${path}']()`,
      resolveDir: projectRoot,
    }))
    bundler.onResolve({ filter: /worker[\\/]late\.js$/ }, ({ path }) => ({ path }))
    bundler.onLoad({ filter: /worker[\\/]late\.js$/ }, async () => ({
      contents: await bundled(await lateOf(options), options),
    }))
  },
}

/** @returns the files that are imported late by these and by what they import at once. */
async function lateOf(options: BuildOptions): Promise<string[]> {
  const late = new Set<string>()
  const collect: Plugin = {
    name: 'collect',
    setup(bundler) {
      bundler.onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) => {
        if (kind !== 'dynamic-import') return null
        late.add(nameOf(resolveDir, path))
        return { path, external: true }
      })
    },
  }
  await build({ ...options, plugins: [collect, ...(options.plugins ?? [])] })
  return [...late]
}

/**
 * Of a function that V8 skims it remembers where those inside of it end; an arrow it reads again, all of it, when it is called. While
 * names are kept, esbuild makes a module a method, which is named after its file for profilers.
 */
const asMethods = { minifyIdentifiers: false, minifyWhitespace: false } satisfies BuildOptions
const methodOfModule = /(= __(?:esm|commonJS)\(\{\n +)"[^"\n]+"(?=\()/g

/** @returns a module whose `late` has a function for each of these files: it runs the file, once, and gives what it exports. */
async function bundled(files: string[], options: BuildOptions): Promise<string> {
  const { entryPoints: _, minify = false, ...others } = options
  const lines = files.map((file) => `exports['${file}'] = () => require('./${file}')`)
  const { outputFiles = [] } = await build({
    ...others,
    stdin: { contents: lines.join('\n'), resolveDir: projectRoot },
    outfile: lateModule,
    format: 'cjs',
    platform: 'neutral',
    // The classes of objects are early: nothing else asks the runtime for a module.
    external: [],
    sourcemap: 'inline',
    minifySyntax: minify,
    ...asMethods,
    banner: {
      js: 'let made; export const late = () => (made ??= make({})); function make(exports) {',
    },
    footer: { js: 'return exports }' },
  })
  return (outputFiles[0]?.text ?? '').replaceAll(methodOfModule, '$1_')
}
