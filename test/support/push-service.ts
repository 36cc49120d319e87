/**
 * What the two local push services have in common: the side that a sender talks to (RFC 8030). It takes a Request and
 * gives a Response, so that workerd's outbound traffic can be handed to it without a certificate or a port.
 */
import { vapidProblem } from './vapid.ts'

/** The part of a Request that is read; miniflare's is not the global one. */
export type SentRequest = {
  url: string
  method: string
  headers: { get(name: string): string | null }
  arrayBuffer(): Promise<ArrayBuffer>
}

export type PushMessage = {
  endpoint: string
  body: Uint8Array
  ttlSeconds: number
  topic: string | null
  urgency: string | null
}

export type PushAttempt = {
  endpoint: string
  status: number
  why: string | null
  message: PushMessage | null
}

export type PushService = {
  /** Host names that a browser connected to this service gives in its endpoints. */
  host: string
  receive(request: SentRequest): Promise<Response>
  /** Every message that was sent here, refused ones too. */
  attempts: PushAttempt[]
  /** Lets the next messages fail as a real service would: each status is used once, in order. */
  failNext(...statuses: number[]): void
  /** Ends the connections to the browsers; messages wait until they come back. */
  disconnectBrowsers(): void
  close(): Promise<void>
}

export type Subscriber = {
  vapidKey: string | null
  gone: boolean
  deliver(message: PushMessage): void
}

/** RFC 8030 §5: the answers of a push service to a message, in the order in which a service checks. */
export function pushEndpoint(find: (path: string) => Subscriber | undefined) {
  const attempts: PushAttempt[] = []
  const failures: number[] = []

  async function receive(request: SentRequest): Promise<Response> {
    const outcome = await judge(request)
    attempts.push({ endpoint: request.url, ...outcome })
    const { status } = outcome
    if (status !== 201)
      return Response.json({ message: outcome.why }, { status, headers: retryAfter(status) })
    const location = `${new URL(request.url).origin}/message/${attempts.length}`
    return new Response(null, {
      status,
      headers: { location, ttl: String(outcome.message?.ttlSeconds) },
    })
  }

  async function judge(request: SentRequest): Promise<Omit<PushAttempt, 'endpoint'>> {
    const refused = (status: number, why: string) => ({ status, why, message: null })
    const { pathname, origin } = new URL(request.url)
    const failure = failures.shift()
    if (failure !== undefined) return refused(failure, 'the test wants it so')
    if (request.method !== 'POST') return refused(405, 'only POST')
    const subscriber = find(pathname)
    if (!subscriber) return refused(404, 'no such subscription')
    if (subscriber.gone) return refused(410, 'the subscription has ended')
    const ttl = request.headers.get('ttl')
    if (ttl === null || !/^\d+$/.test(ttl)) return refused(400, 'TTL is missing')
    const topic = request.headers.get('topic')
    if (topic !== null && !/^[\w-]{1,32}$/.test(topic)) return refused(400, 'Topic is malformed')
    const urgency = request.headers.get('urgency')
    if (urgency !== null && !/^(very-low|low|normal|high)$/.test(urgency))
      return refused(400, 'Urgency is malformed')
    const body = new Uint8Array(await request.arrayBuffer())
    if (body.length > 4096) return refused(413, 'larger than 4,096 bytes')
    if (body.length > 0 && request.headers.get('content-encoding') !== 'aes128gcm')
      return refused(400, 'not aes128gcm')
    if (subscriber.vapidKey !== null) {
      const expected = { origin, vapidKey: subscriber.vapidKey, nowMs: Date.now() }
      const problem = await vapidProblem(request.headers.get('authorization'), expected)
      if (problem) return refused(403, problem)
    }
    const message = { endpoint: request.url, body, ttlSeconds: Number(ttl), topic, urgency }
    subscriber.deliver(message)
    return { status: 201, why: null, message }
  }

  return { receive, attempts, failNext: (...statuses: number[]) => void failures.push(...statuses) }
}

const retryAfter = (status: number): Record<string, string> =>
  status === 429 ? { 'retry-after': '1' } : {}
