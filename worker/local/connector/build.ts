/** Bundles the connector into one file for the package (`npm pack`), so that it runs on a machine that has nothing but Node. */
import { build } from 'esbuild'
import { projectRoot } from '../paths.ts'

await build({
  absWorkingDir: projectRoot,
  entryPoints: ['worker/local/connector/command.ts'],
  outfile: 'worker/local/connector/built.mjs',
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  logLevel: 'warning',
})
