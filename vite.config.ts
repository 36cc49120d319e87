/**
 * Builds the pages and the service worker of pwa/ into dist/. The worker decides which page answers which address;
 * here every page is just a file.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Plugin, defineConfig } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const { version } = JSON.parse(readFileSync(fromHere('./package.json'), 'utf8')) as {
  version: string
}

const openapiPath = fromHere('./schema/openapi.json')

const pages = ['app', 'docs', 'me', 'try', 'welcome']
  .map((name) => [name, fromHere(`./pwa/${name}.html`)] as const)
  .filter(([, path]) => existsSync(path))

/** What the app's first screen and its later ones share travels as one file: it packs better, and is asked for once. */
const core =
  /node_modules\/(@?preact|valibot|idb)\/|\/schema\/|\/pwa\/src\/(api|keys|device|history|parts|route)\b/

/** Of these folders, what only later screens use: it stays with them. */
const notCore =
  /\/schema\/sealed|\/pwa\/src\/(parts\/(code-below|news-below|steps)|keys\/generate|device\/(leave|rename))\b/

/** Vite's own piece for loading later chunks, which other pages use too: they must not get the app with it. */
const loader = { name: 'loader', test: /vite\/preload-helper/, priority: 1 }

/** What starts the app and every later part of it, the scanner apart: filled in while the bundle is written. */
const appFiles = new Set<string>()
const onlyForScanning = /(^|\/)(scan|ponyfill)-/

const appFilesOfTheBundle: Plugin = {
  name: 'countersign-app-files',
  generateBundle(_options, bundle) {
    const visit = (fileName: string): void => {
      const chunk = bundle[fileName]
      if (chunk?.type !== 'chunk' || appFiles.has(fileName) || onlyForScanning.test(fileName))
        return
      appFiles.add(fileName)
      for (const style of chunk.viteMetadata?.importedCss ?? []) appFiles.add(style)
      for (const imported of [...chunk.imports, ...chunk.dynamicImports]) visit(imported)
    }
    for (const chunk of Object.values(bundle))
      if (chunk.type === 'chunk' && chunk.facadeModuleId?.endsWith('/app.html'))
        visit(chunk.fileName)
  },
}

/** The app's shell answers two addresses; while developing nobody else is there to know. */
const shellAddresses: Plugin = {
  name: 'countersign-shell-addresses',
  configureServer(server) {
    server.middlewares.use((request, _response, next) => {
      request.url = request.url
        ?.replace(/^\/(app|enrol)(?=$|\?)/, '/app.html')
        .replace(/^\/docs(?=$|\?)/, '/docs.html')
        .replace(/^\/me(?=$|\?)/, '/me.html')
      next()
    })
  },
}

/** The reference, as it is committed; in the built folder without its line breaks. */
const openapi: Plugin = {
  name: 'countersign-openapi',
  configureServer(server) {
    server.middlewares.use('/openapi.json', (_request, response) => {
      response.setHeader('Content-Type', 'application/json').end(readFileSync(openapiPath))
    })
  },
  generateBundle() {
    const source = JSON.stringify(JSON.parse(readFileSync(openapiPath, 'utf8')))
    this.emitFile({ type: 'asset', fileName: 'openapi.json', source })
  },
}

// What is built is for people, whoever builds it: a test runner's NODE_ENV would leave the service worker out.
if (process.argv.includes('build')) process.env['NODE_ENV'] = 'production'

export default defineConfig({
  root: fromHere('./pwa'),
  publicDir: fromHere('./pwa/public'),
  define: { __APP_VERSION__: JSON.stringify(version) },
  build: {
    outDir: fromHere('./dist'),
    emptyOutDir: true,
    target: ['chrome111', 'firefox114', 'safari16.4'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: Object.fromEntries(pages),
      output: {
        codeSplitting: {
          groups: [
            loader,
            { name: 'core', test: (id: string) => core.test(id) && !notCore.test(id) },
          ],
        },
      },
    },
  },
  plugins: [
    shellAddresses,
    appFilesOfTheBundle,
    openapi,
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src',
      filename: 'sw.ts',
      registerType: 'prompt',
      // Its registration passes a plain string, which Trusted Types refuse; src/device/update.ts registers.
      injectRegister: false,
      includeManifestIcons: false,
      injectManifest: {
        globPatterns: ['app.html', 'assets/*.{js,css}', 'icon-192.png', 'badge-96.png'],
        manifestTransforms: [
          (entries) => ({
            manifest: entries
              .filter(({ url }) => !url.startsWith('assets/') || appFiles.has(url))
              // /app and /enrol are one document; it is kept under the address it is served at.
              .map((entry) => ({
                ...entry,
                url: entry.url === 'app.html' ? '/app' : `/${entry.url}`,
              })),
          }),
        ],
      },
      manifest: {
        id: '/',
        name: 'Countersign',
        short_name: 'Countersign',
        description: 'Approve your sign-ins on this device.',
        start_url: '/app',
        scope: '/',
        display: 'standalone',
        background_color: '#f8fafa',
        theme_color: '#f8fafa',
        categories: ['security', 'utilities'],
        icons: [
          { src: '/icon-192.png', sizes: '192x192', type: 'image/png' },
          { src: '/icon-512.png', sizes: '512x512', type: 'image/png' },
          {
            src: '/icon-maskable-512.png',
            sizes: '512x512',
            type: 'image/png',
            purpose: 'maskable',
          },
          { src: '/badge-96.png', sizes: '96x96', type: 'image/png', purpose: 'monochrome' },
        ],
      },
    }),
  ],
})
