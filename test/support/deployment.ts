/**
 * A real Countersign of a test's own: worker, D1 and objects in a fresh folder, started as `npm start` starts them. What
 * it sends to a push host arrives at the local push services; whatever else it asks the network for is refused and noted.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Request as OutboundRequest, Response as OutboundResponse } from 'miniflare'
import { buildPwa } from '../../worker/local/build-pwa.ts'
import { type ServeOptions, type Server, serve } from '../../worker/local/serve.ts'
import { type Application, application } from './application.ts'
import type { PushService } from './push-service.ts'

export type Deployment = {
  url: string
  state: string
  /** The Try-it application, whose name on the device is "Try it". */
  application: Application
  /** The same API without any credential. */
  stranger: Application
  administrator(): Promise<Application>
  server(): Server
  stop(): Promise<void>
  /** SIGKILLs workerd. */
  kill(): Promise<void>
  /** On the same port and folder: to devices it is the same deployment. */
  start(options?: ServeOptions): Promise<void>
  /** Ends it and forgets its data. */
  remove(): Promise<void>
  /** Addresses that the worker wanted to reach and that are not push services. */
  strayRequests: string[]
  log: string[]
}

const adminPassword = 'correct horse battery staple'

type Options = ServeOptions & { pushServices?: PushService[] }

export async function startDeployment({
  pushServices = [],
  ...options
}: Options = {}): Promise<Deployment> {
  await buildPwa(() => {})
  const state = mkdtempSync(join(tmpdir(), 'countersign-state-'))
  const strayRequests: string[] = []
  const log: string[] = []
  const outboundService = async (request: OutboundRequest): Promise<OutboundResponse> => {
    const service = pushServices.find(({ host }) => new URL(request.url).host === host)
    if (!service) strayRequests.push(request.url)
    const answer = service ? await service.receive(request) : new Response(null, { status: 502 })
    const body = answer.status === 201 ? null : await answer.text()
    return new OutboundResponse(body, { status: answer.status, headers: [...answer.headers] })
  }
  const always: ServeOptions = {
    port: 0,
    state,
    adminPassword,
    outboundService,
    log: ({ level, message }) => void log.push(`${level} ${message}`),
    ...options,
  }
  let server = await serve(always)
  let running = true
  const ended = async (end: () => Promise<void>) => {
    if (running) await end()
    running = false
  }
  const { url, port } = server
  const stranger = application({ url })
  return {
    url,
    state,
    application: application({ url, apiKey: server.keys.tryApiKey }),
    stranger,
    async administrator() {
      const { envelope } = await stranger.auth(server.administrator.name, adminPassword)
      return application({ url, token: (envelope.result.value as { token: string }).token })
    },
    server: () => server,
    stop: () => ended(server.stop),
    kill: () => ended(server.kill),
    async start(more = {}) {
      server = await serve({ ...always, ...more, port })
      running = true
    },
    async remove() {
      await ended(server.stop)
      rmSync(state, { recursive: true, force: true })
    },
    strayRequests,
    log,
  }
}
