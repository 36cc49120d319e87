/** Bundles the worker for the local runtime, as wrangler does for the edge: one ES module, Node's modules left to workerd. */
import { builtinModules } from 'node:module'
import { type Plugin, build } from 'esbuild'
import { projectRoot, workerEntry } from './paths.ts'
import { Refusal } from './settings.ts'

const builtins = new RegExp(
  `^(node:)?(${builtinModules.filter((name) => !name.startsWith('_')).join('|')})$`,
)

/** `require('crypto')` inside a CommonJS package becomes an import: an ES module has no `require`. */
const nodeModules: Plugin = {
  name: 'node-modules',
  setup(bundler) {
    bundler.onResolve({ filter: builtins }, ({ path, kind }) => {
      const name = path.startsWith('node:') ? path : `node:${path}`
      return kind === 'require-call'
        ? { path: name, namespace: 'required' }
        : { path: name, external: true }
    })
    bundler.onLoad({ filter: /.*/, namespace: 'required' }, ({ path }) => ({
      contents: `import whole from '${path}'\nmodule.exports = whole`,
    }))
  },
}

/** As in wrangler.toml: see that file. */
const withoutCertificates = [
  '@peculiar/asn1-android',
  '@peculiar/asn1-ecc',
  '@peculiar/asn1-rsa',
  '@peculiar/asn1-schema',
  '@peculiar/asn1-x509',
  '@peculiar/asn1-x509-post-quantum',
  '@peculiar/x509',
  'reflect-metadata',
]

/** @throws Refusal with esbuild's own words where the worker does not compile. */
export async function bundleWorker(entry: string = workerEntry): Promise<string> {
  const result = await build({
    absWorkingDir: projectRoot,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    external: ['cloudflare:*'],
    alias: Object.fromEntries(
      withoutCertificates.map((name) => [name, './worker/enrolment/no-certificates.ts']),
    ),
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'silent',
    plugins: [nodeModules],
  }).catch((error: Error) => {
    throw new Refusal(error.message)
  })
  return result.outputFiles[0]!.text
}
