/** What is common to all surfaces: the context each request works with, the size of a body, and how failures go out. */
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { bodyLimitBytes, fileLimitBytes } from '../../schema/limits.ts'
import { type Context, deploymentOf } from '../env.ts'
import { type Failure, Refusal, refuse } from '../problem.ts'
import { logFailure } from '../record/log.ts'
import { contextFor } from './decode/customer.ts'
import { failure } from './encode/envelope.ts'
import { oauthError } from './encode/oauth-error.ts'
import { problemDocument } from './encode/problem-document.ts'
import { type Call, type Surface, surface } from './surface.ts'

/** @param hashCost in tests of what costs nothing, a cheap one. */
export type Given = Pick<Context, 'nowMs' | 'random' | 'hashCost'>

/** An app without a route of its own. */
export function roof(given: Given) {
  const app = surface()
  app.use(async (call, next) => {
    const deployment = await deploymentOf(call.env)
    const first = { env: call.env, database: 0, db: call.env.DB, deployment, ...given }
    call.set('context', await contextFor(call, first))
    await next()
    // Devices set their clocks by it. A WebSocket's answer takes no further headers.
    if (isDevice(call) && call.res.status !== 101)
      call.res.headers.set('Date', new Date(given.nowMs()).toUTCString())
  })
  const [small, large] = [limited(bodyLimitBytes), limited(fileLimitBytes)]
  app.use((call, next) => (takesFile(call.req.path) ? large : small)(call, next))
  app.notFound((call) => respond(call, { reason: 'not_found' }))
  app.onError((error, call) => {
    if (error instanceof Refusal) return respond(call, error.failure)
    logFailure(`request failed ${call.req.method} ${call.req.path}`, error)
    return respond(call, { reason: 'internal' })
  })
  return app
}

/** A body whose length is told is judged by that, without being touched: almost all of them. */
function limited(maxSize: number): MiddlewareHandler<Surface> {
  const tooLarge = () => refuse({ reason: 'body_too_large', limitBytes: maxSize })
  const counted = bodyLimit({ maxSize, onError: tooLarge })
  return (call, next) => {
    const told = call.req.header('Content-Length')
    if (told === undefined || call.req.header('Transfer-Encoding') !== undefined)
      return call.req.method === 'GET' ? next() : counted(call, next)
    return Number(told) <= maxSize ? next() : tooLarge()
  }
}

/** Only what another system wrote is larger than a message of ours. */
const takesFile = (path: string): boolean => /^\/(token\/load|migration)(\/|$)/.test(path)

const isDevice = (call: Call): boolean => call.req.path.startsWith('/device')

/** A refusal, in the words of the surface that was called. */
function respond(call: Call, failed: Failure): Response {
  if (isDevice(call)) return problemDocument(failed)
  if (!call.req.path.startsWith('/oauth/')) return failure(call, failed)
  return oauthError(failed, call.req.header('Authorization') !== undefined)
}
