/** All surfaces under one roof: the context each request works with, the size of a body, and how failures go out. */
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { bodyLimitBytes, fileLimitBytes } from '../schema/limits.ts'
import { type Context, type Env, deploymentOf } from './env.ts'
import { type Failure, Refusal, refuse } from './problem.ts'
import { audit } from './routes/audit.ts'
import { logFailure } from './record/log.ts'
import { application } from './routes/application.ts'
import { auth } from './routes/auth.ts'
import { delivery } from './routes/delivery.ts'
import { connector } from './routes/connector.ts'
import { device } from './routes/device.ts'
import { contextFor } from './routes/decode/customer.ts'
import { failure } from './routes/encode/envelope.ts'
import { oauthError } from './routes/encode/oauth-error.ts'
import { problemDocument } from './routes/encode/problem-document.ts'
import { health, info } from './routes/health.ts'
import { me } from './routes/me.ts'
import { migration } from './routes/migration.ts'
import { oauth, wellKnown } from './routes/oauth.ts'
import { pages } from './routes/pages.ts'
import { defaultRealm, realm } from './routes/realm.ts'
import { registration } from './routes/registration.ts'
import { resolver } from './routes/resolver.ts'
import { signIn } from './routes/sign-in.ts'
import { type Call, type Surface, surface } from './routes/surface.ts'
import { policy } from './routes/policy.ts'
import { smsGateway } from './routes/smsgateway.ts'
import { system } from './routes/system.ts'
import { token } from './routes/token.ts'
import { ttype } from './routes/ttype.ts'
import { user } from './routes/user.ts'
import { validate } from './routes/validate.ts'
import { webhook } from './routes/webhook.ts'

type Given = Pick<Context, 'nowMs' | 'random' | 'hashCost'>

/**
 * Two apps, because Hono finds a route by one regular expression only where no name stands beside a parameter (`/token/init`,
 * `/token/:serial`); what a login asks for has no such paths and is not slowed by the others'.
 * @param given the clock and randomness; in tests of what costs nothing, a cheap hash.
 */
export function createApp(given: Given) {
  const login = roof(given)
  login.route('/validate', validate)
  login.route('/device', device)

  const others = roof(given)
  others.route('/auth', auth)
  others.route('/token', token)
  others.route('/user', user)
  others.route('/realm', realm)
  others.route('/defaultrealm', defaultRealm)
  others.route('/resolver', resolver)
  others.route('/connector', connector)
  others.route('/me', me)
  others.route('/audit', audit)
  others.route('/delivery', delivery)
  others.route('/system', system)
  others.route('/smsgateway', smsGateway)
  others.route('/policy', policy)
  others.route('/migration', migration)
  others.route('/application', application)
  others.route('/application', registration)
  others.route('/application', webhook)
  others.route('/oauth', oauth)
  others.route('/.well-known', wellKnown)
  others.route('/sign-in', signIn)
  others.route('/healthz', health)
  others.route('/info', info)
  others.route('/ttype', ttype)
  others.route('/', pages)

  return {
    routes: [...login.routes, ...others.routes],
    fetch: (request: Request, env: Env, context?: ExecutionContext) =>
      (isLogin.test(new URL(request.url).pathname) ? login : others).fetch(request, env, context),
  }
}

const isLogin = /^\/(validate|device)(\/|$)/

/** What is common to all surfaces. */
function roof(given: Given) {
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
