/**
 * `npm run dev`: Vite with hot reload for the pages, in front of the same worker that `npm start` runs. What is no page
 * goes through to the worker, sockets included; a changed worker takes the next request.
 */
import { readdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { type Plugin, createServer } from 'vite'
import { isAtHome } from './bindings.ts'
import { buildPwa } from './build-pwa.ts'
import { projectRoot } from './paths.ts'
import { endWithParent, onEnd, orSayWhy } from './process.ts'
import { freePort } from './port.ts'
import { type Server, serve } from './serve.ts'
import { Refusal, defaultPublicUrl, readSettings } from './settings.ts'

const pwa = join(projectRoot, 'pwa')

/** What lies in pwa/ is Vite's, and what Vite makes of it; all else the worker answers, known addresses or not. */
function workerPattern(): string {
  const files = [...readdirSync(pwa), ...readdirSync(join(pwa, 'public'))]
  const names = files.map((name) => name.replaceAll('.', '\\.')).join('|')
  const pages = '$|\\?|(?:app|enrol)(?:\\?|$)'
  return `^/(?!${pages}|@|node_modules/|(?:${names})(?:[/?]|$))|^/try/application\\.json`
}

/** The worker decides which page `/` is; here it is the one that it would be. */
const firstPage = (page: string): Plugin => ({
  name: 'countersign-first-page',
  configureServer(server) {
    server.middlewares.use((request, _response, next) => {
      request.url = request.url?.replace(/^\/(?=$|\?)/, `/${page}.html`)
      next()
    })
  },
})

await orSayWhy(async () => {
  const settings = readSettings(process.env)
  await buildPwa(console.log)
  const port = await freePort(settings.host, settings.port)
  const publicUrl = settings.publicUrl ?? defaultPublicUrl(settings.host, port)
  const behind = await freePort('127.0.0.1', 0)
  const start = () =>
    serve({ ...settings, publicUrl, port: behind, log: ({ message }) => console.log(message) })
  let server = await start()
  const vite = await createServer({
    root: pwa,
    plugins: [firstPage(isAtHome(settings.host, publicUrl) ? 'try' : 'welcome')],
    configFile: `${projectRoot}vite.config.ts`,
    server: {
      host: settings.host,
      port,
      strictPort: true,
      proxy: { [workerPattern()]: { target: `http://127.0.0.1:${behind}`, ws: true } },
    },
  })
  await vite.listen()
  let turn = Promise.resolve()
  const stopWatching = whenWorkerChanges(() => {
    turn = turn.then(async () => {
      server = await again(server, start)
    })
  })
  endWithParent()
  onEnd(async () => {
    stopWatching()
    await vite.close()
    await server.stop()
  })
  console.log(`Countersign (development) is at ${publicUrl}; pages reload by themselves.`)
  if (server.administrator.password) console.log(`Password: ${server.administrator.password}`)
})

/** A worker that does not compile leaves the last one's data alone and is tried again at the next change. */
async function again(server: Server, start: () => Promise<Server>): Promise<Server> {
  await server.stop()
  for (;;)
    try {
      const next = await start()
      console.log('The worker was started anew.')
      return next
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      console.error(error.message)
      await new Promise((resolve) => setTimeout(resolve, 2000))
    }
}

/** Several writes at once are one change. */
function whenWorkerChanges(act: () => void): () => void {
  let waiting: NodeJS.Timeout | undefined
  const watchers = ['worker', 'schema'].map((folder) =>
    watch(`${projectRoot}${folder}`, { recursive: true }, () => {
      clearTimeout(waiting)
      waiting = setTimeout(act, 200)
    }),
  )
  return () => {
    clearTimeout(waiting)
    for (const watcher of watchers) watcher.close()
  }
}
