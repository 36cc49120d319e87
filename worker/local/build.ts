/** `npm run build`: the app into dist/, where it changed, and the worker once through the bundler, with their sizes. */
import { buildPwa } from './build-pwa.ts'
import { bundleWorker } from './bundle.ts'
import { orSayWhy } from './process.ts'

await orSayWhy(async () => {
  const built = await buildPwa(console.log)
  if (!built) console.log('The app is up to date in dist/.')
  const script = await bundleWorker()
  console.log(`The worker bundles to ${Math.round(script.length / 1024)} KiB.`)
})
