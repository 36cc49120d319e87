/**
 * A push service that a real Firefox connects to (`dom.push.serverURL`): the autopush WebSocket protocol towards the
 * browser. Endpoints carry the real service's host, so that a server's allow-list is put to the test as well.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import * as v from 'valibot'
import { type WebSocket, WebSocketServer } from 'ws'
import { toBase64url } from '../../schema/encoding.ts'
import {
  type PushMessage,
  type PushService,
  type Subscriber,
  pushEndpoint,
} from './push-service.ts'

const host = 'updates.push.services.mozilla.com'

type Stored = PushMessage & { id: string; channelID: string; expiresAtMs: number }
type UserAgent = { id: string; socket: WebSocket | null; waiting: Stored[] }
type Channel = Subscriber & { channelID: string }

const FromBrowser = v.variant('messageType', [
  v.object({ messageType: v.literal('hello'), uaid: v.optional(v.nullable(v.string())) }),
  v.object({
    messageType: v.literal('register'),
    channelID: v.string(),
    key: v.optional(v.string()),
  }),
  v.object({ messageType: v.literal('unregister'), channelID: v.string() }),
  v.object({
    messageType: v.literal('ack'),
    updates: v.array(
      v.object({ channelID: v.string(), version: v.string(), code: v.optional(v.number()) }),
    ),
  }),
  v.object({ messageType: v.literal('nack'), version: v.string(), code: v.optional(v.number()) }),
  v.object({ messageType: v.literal('broadcast_subscribe') }),
])
type FromBrowser = v.InferOutput<typeof FromBrowser>

export type FirefoxPushService = PushService & { webSocketUrl: string }

export async function startFirefoxPushService(): Promise<FirefoxPushService> {
  const userAgents = new Map<string, UserAgent>()
  const channels = new Map<string, Channel>()
  const endpoint = pushEndpoint((path) => channels.get(path))
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    handleProtocols: (offered) => (offered.has('push-notification') ? 'push-notification' : false),
  })
  server.on('connection', (socket) => connect(socket, { userAgents, channels }))
  await once(server, 'listening')
  const disconnectBrowsers = () => {
    for (const socket of server.clients) socket.terminate()
  }
  return {
    ...endpoint,
    host,
    webSocketUrl: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    disconnectBrowsers,
    async close() {
      disconnectBrowsers()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

type Registry = { userAgents: Map<string, UserAgent>; channels: Map<string, Channel> }

function connect(socket: WebSocket, registry: Registry): void {
  let userAgent: UserAgent | null = null
  const send = (message: object) => socket.send(JSON.stringify(message))
  socket.on('message', (data) => {
    const text = String(data)
    // The browser's ping is an empty object.
    if (text === '{}') return socket.send('{}')
    const message = v.parse(FromBrowser, JSON.parse(text))
    if (message.messageType === 'hello') {
      userAgent = greet(message.uaid, socket, registry.userAgents)
      send({
        messageType: 'hello',
        status: 200,
        uaid: userAgent.id,
        use_webpush: true,
        broadcasts: {},
      })
      for (const stored of userAgent.waiting) hand(userAgent, stored)
    } else if (userAgent) handle(message, { userAgent, send, channels: registry.channels })
  })
  socket.on('close', () => {
    if (userAgent?.socket === socket) userAgent.socket = null
  })
}

function greet(
  id: string | null | undefined,
  socket: WebSocket,
  known: Map<string, UserAgent>,
): UserAgent {
  const userAgent = known.get(id ?? '') ?? {
    id: randomBytes(16).toString('hex'),
    socket,
    waiting: [],
  }
  known.set(userAgent.id, userAgent)
  userAgent.socket = socket
  userAgent.waiting = userAgent.waiting.filter((stored) => stored.expiresAtMs > Date.now())
  return userAgent
}

type Conversation = {
  userAgent: UserAgent
  send(message: object): void
  channels: Map<string, Channel>
}

function handle(message: FromBrowser, { userAgent, send, channels }: Conversation): void {
  if (message.messageType === 'register') {
    const { channelID } = message
    const path = `/wpush/v2/${randomBytes(32).toString('base64url')}`
    const deliver = (sent: PushMessage) => keepAndHand(userAgent, channelID, sent)
    channels.set(path, { channelID, vapidKey: message.key ?? null, gone: false, deliver })
    const pushEndpoint = `https://${host}${path}`
    send({ messageType: 'register', status: 200, channelID, uaid: userAgent.id, pushEndpoint })
  } else if (message.messageType === 'unregister') {
    for (const channel of channels.values())
      if (channel.channelID === message.channelID) channel.gone = true
    send({ messageType: 'unregister', status: 200, channelID: message.channelID })
  } else if (message.messageType === 'ack') {
    const seen = new Set(message.updates.map((update) => update.version))
    userAgent.waiting = userAgent.waiting.filter((stored) => !seen.has(stored.id))
  }
}

function keepAndHand(userAgent: UserAgent, channelID: string, message: PushMessage): void {
  const expiresAtMs = Date.now() + message.ttlSeconds * 1000
  const stored = { ...message, channelID, expiresAtMs, id: randomBytes(8).toString('hex') }
  // RFC 8030 §5.4: a message with the topic of a waiting one replaces it.
  if (message.topic !== null)
    userAgent.waiting = userAgent.waiting.filter(
      (other) => other.topic !== message.topic || other.channelID !== channelID,
    )
  const handed = hand(userAgent, stored)
  if (handed || message.ttlSeconds > 0) userAgent.waiting.push(stored)
}

function hand(userAgent: UserAgent, stored: Stored): boolean {
  if (userAgent.socket?.readyState !== 1) return false
  const { channelID, id: version, ttlSeconds: ttl } = stored
  const content =
    stored.body.length > 0
      ? { data: toBase64url(stored.body), headers: { encoding: 'aes128gcm' } }
      : {}
  userAgent.socket.send(
    JSON.stringify({ messageType: 'notification', channelID, version, ttl, ...content }),
  )
  return true
}
