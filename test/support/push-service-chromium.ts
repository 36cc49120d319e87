/**
 * A push service that a real Chromium connects to: check-in and registration over HTTP, delivery over MCS (TLS with
 * protobuf frames). Debian's Chromium makes endpoints on jmt17.google.com, which the sender's requests are routed from.
 */
import { randomBytes } from 'node:crypto'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type McsConnections, type McsMessage, startMcs } from './mcs.ts'
import { bytesField, fixed64Field, numberField } from './protobuf.ts'
import {
  type PushMessage,
  type PushService,
  type Subscriber,
  pushEndpoint,
} from './push-service.ts'

export type ChromiumPushService = PushService & { browserArguments: string[] }
type Registration = { token: string; app: string; subtype: string; sender: string }
type Subscribers = Map<string, Subscriber & { subtype: string }>

export async function startChromiumPushService(): Promise<ChromiumPushService> {
  const subscribers: Subscribers = new Map()
  const mcs = await startMcs()
  const endpoint = pushEndpoint((path) => {
    const token = decodeURIComponent(path.replace(/^\/(fcm\/send|wp)\//, ''))
    return subscribers.get(token)
  })
  const web = createServer((request, response) => {
    void answer(request, response, { subscribers, mcs })
  })
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  const webUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
  return {
    ...endpoint,
    host: 'jmt17.google.com',
    browserArguments: [
      `--gcm-checkin-url=${webUrl}/checkin`,
      `--gcm-registration-url=${webUrl}/register3`,
      `--gcm-mcs-endpoint=https://localhost:${mcs.port}`,
      `--ignore-certificate-errors-spki-list=${mcs.publicKeyHash}`,
    ],
    disconnectBrowsers: mcs.disconnect,
    async close() {
      await mcs.close()
      await closeServer(web)
    },
  }
}

type Parts = { subscribers: Subscribers; mcs: McsConnections }

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  parts: Parts,
): Promise<void> {
  const body = await buffer(request)
  if (request.url?.startsWith('/checkin')) {
    response.writeHead(200, { 'content-type': 'application/x-protobuffer' }).end(checkinAnswer())
  } else if (request.url?.startsWith('/register')) {
    response.end(register(new URLSearchParams(body.toString()), parts))
  } else response.writeHead(404).end()
}

/** AndroidCheckinResponse: stats_ok, time_msec, android_id, security_token, settings_diff, digest. */
const checkinAnswer = (): Buffer =>
  Buffer.concat([
    numberField(1, 1),
    numberField(3, Date.now()),
    fixed64Field(7, randomBytes(8).readBigUInt64LE() >> 2n),
    fixed64Field(8, randomBytes(8).readBigUInt64LE() >> 2n),
    numberField(9, 0),
    bytesField(11, 'v1'),
  ])

function register(form: URLSearchParams, { subscribers, mcs }: Parts): string {
  const app = form.get('app') ?? ''
  const subtype = form.get('X-subtype') ?? ''
  if (form.has('delete')) {
    for (const subscriber of subscribers.values())
      if (subscriber.subtype === subtype) subscriber.gone = true
    return `deleted=${app}`
  }
  const sender = form.get('sender') ?? ''
  const token = `${randomBytes(24).toString('base64url')}:${randomBytes(20).toString('base64url')}`
  const to = { token, app, subtype, sender }
  const deliver = (message: PushMessage) => mcs.send(dataMessage(message, to))
  // The sender is the application server key, unpadded base64url, where the page gave one.
  const vapidKey = /^B[\w-]{86}$/.test(sender) ? sender : null
  subscribers.set(token, { subtype, vapidKey, gone: false, deliver })
  return `token=${token}`
}

/** DataMessageStanza: id, from, category, app_data…, persistent_id, ttl, sent, raw_data. */
function dataMessage(message: PushMessage, to: Registration): McsMessage {
  const id = randomBytes(8).toString('hex')
  const persistentId = `0:${Date.now()}%${id}`
  const property = (key: string, value: string) =>
    bytesField(7, Buffer.concat([bytesField(1, key), bytesField(2, value)]))
  const stanza = Buffer.concat([
    bytesField(2, id),
    bytesField(3, to.sender),
    bytesField(5, to.app),
    property('subtype', to.subtype),
    property('content-encoding', 'aes128gcm'),
    bytesField(9, persistentId),
    numberField(17, message.ttlSeconds),
    numberField(18, Date.now()),
    ...(message.body.length > 0 ? [bytesField(21, message.body)] : []),
  ])
  const replaces = message.topic === null ? null : `${to.token} ${message.topic}`
  return { persistentId, stanza, replaces, expiresAtMs: Date.now() + message.ttlSeconds * 1000 }
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
