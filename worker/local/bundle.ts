/**
 * Bundles the worker, for the local runtime and for the edge alike: one ES module. Node's modules are left to workerd, and what the
 * worker imports late stays late: it is skimmed at the start and run when it is asked for.
 */
import { writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { basename, join } from 'node:path'
import { type BuildOptions, type Plugin, build } from 'esbuild'
import { lateInOne } from './bundle-late.ts'
import { kept } from './kept.ts'
import { projectRoot, workerEntry } from './paths.ts'
import { Refusal } from './settings.ts'

const builtins = new RegExp(
  `^(node:)?(${builtinModules.filter((name) => !name.startsWith('_')).join('|')})$`,
)

/** An import would load them at each start of an isolate, whoever needs them, and an ES module has no `require`. */
const nodeModules: Plugin = {
  name: 'node-modules',
  setup(bundler) {
    bundler.onResolve({ filter: builtins }, ({ path }) => ({
      path: path.replace(/^(?!node:)/, 'node:'),
      namespace: 'node',
    }))
    bundler.onLoad({ filter: /.*/, namespace: 'node' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}')`,
    }))
  },
}

/** Of @simplewebauthn/server, by its files: attestations but for one that a key makes of itself, and the roots of their makers. */
const ofCertificates = new RegExp(
  `/(${[
    'verifyAttestation(?!Packed)\\w+',
    'getCertificateInfo',
    'isCertRevoked',
    'validateCertificatePath',
    'validateExtFIDOGenCEAAGUID',
    'convertX509PublicKeyToCOSE',
    'convertCertBufferToPEM',
    'metadataService',
    'defaultRootCerts/[\\w-]+',
  ].join('|')})\\.js$`,
)

/** See worker/enrolment/no-certificates.ts. */
const withoutCertificates: Plugin = {
  name: 'without-certificates',
  setup(bundler) {
    const standIn = join(projectRoot, 'worker/enrolment/no-certificates.ts')
    bundler.onResolve({ filter: /^@peculiar\// }, () => ({ path: standIn }))
    bundler.onResolve({ filter: /^\./ }, ({ path, importer, resolveDir }) => {
      if (!/@simplewebauthn[\\/]server/.test(importer)) return null
      const isLeftOut = ofCertificates.test(path)
      // Nobody misses what it only exports.
      return { path: isLeftOut ? standIn : join(resolveDir, path), sideEffects: false }
    })
  },
}

const options = (entry: string) =>
  ({
    absWorkingDir: projectRoot,
    entryPoints: [entry],
    // Never written there: the source map names each file as the project does.
    outfile: 'index.js',
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    external: ['cloudflare:*'],
    sourcesContent: false,
    logLevel: 'silent',
    plugins: [lateInOne, nodeModules, withoutCertificates],
  }) satisfies BuildOptions

const refused = (error: Error): never => {
  throw new Refusal(error.message)
}

const sources = ['worker', 'schema', 'package.json', 'package-lock.json']

/** For the local runtime; bundled anew where something that goes into it has changed since. @throws Refusal with esbuild's own words where the worker does not compile. */
export async function bundleWorker(): Promise<string> {
  const script = await kept('.built-worker.js', sources, () => bundle(workerEntry))
  // It stays in what is kept, below the first line, for whoever reads a stack. The runtime only copies it, at each start many times.
  return script.replace(/^\/\/# sourceMappingURL=.*$/m, '')
}

/** Another worker than ours, each time anew. */
export async function bundle(entry: string): Promise<string> {
  const result = await build({ ...options(entry), sourcemap: 'inline' }).catch(refused)
  return result.outputFiles[0]!.text
}

/** For the edge: minified, its source map beside it. @returns the path of the script. @throws Refusal as above. */
export async function bundleForEdge(folder: string): Promise<string> {
  const result = await build({
    ...options(workerEntry),
    minify: true,
    sourcemap: 'linked',
  }).catch(refused)
  for (const { path, contents } of result.outputFiles)
    await writeFile(join(folder, basename(path)), contents)
  return join(folder, 'index.js')
}
