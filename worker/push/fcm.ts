/**
 * Sends one message to a phone app by FCM's HTTP v1 API, in the name of a service account: an assertion (RFC 7523) is exchanged
 * for an access token, which is kept until shortly before it ends. Says what happened; decides nothing about trying again.
 * @see https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
 */
import { SignJWT, importPKCS8 } from 'jose'
import { type Deployment } from '../env.ts'
import { type Delivered, outcomes } from './deliver.ts'
import { isFcmAddress, isTokenEndpoint } from './hosts.ts'
import { post } from './post.ts'

const scope = 'https://www.googleapis.com/auth/firebase.messaging'
/** As long as Google lets one be good. */
const assertionSeconds = 3600
/** A token is not used when it may end on the way. */
const earlierMs = 60_000
/** More service accounts than an isolate ever speaks for. */
const tokensKept = 100

/** What a key file of Google's says, as far as it is needed. */
export type ServiceAccount = {
  project_id: string
  client_email: string
  /** PKCS #8, PEM. */
  private_key: string
  private_key_id: string
  token_uri: string
}
export type FcmGateway = {
  account: ServiceAccount
  /** Where the API is found: https and a host, without a path. */
  address: string
  /** Changes with whatever of it changes: what is remembered for it is remembered by this. */
  version: string
}
export type FcmMessage = {
  /** Names the app on its phone. */
  token: string
  data: Record<string, string>
  title: string
  body: string
  ttlSeconds: number
  /** A newer message with the same one replaces an older on an iPhone. */
  collapse: string
}

type AccessToken = { token: string; untilMs: number }
const kept = new Map<string, AccessToken>()

export async function deliverByFcm(
  message: FcmMessage,
  gateway: FcmGateway,
  { pushHosts }: Pick<Deployment, 'pushHosts'>,
  nowMs: () => number,
): Promise<Delivered> {
  const { account, address, version } = gateway
  const done = outcomes(address, nowMs)
  if (!isFcmAddress(address, pushHosts)) return done('host_not_allowed', null)
  const send = (token: string) =>
    post(`${address}/v1/projects/${encodeURIComponent(account.project_id)}/messages:send`, {
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ message: worded(message, nowMs()) }),
      read: 'json',
      nowMs,
    })
  for (const isLast of [false, true]) {
    const access = await accessToken(gateway, pushHosts, nowMs)
    if ('outcome' in access) return access
    const posted = await send(access.token)
    // A token that Google took back before its time: once more with a new one.
    if (posted?.status === 401) kept.delete(version)
    if (posted?.status !== 401 || isLast) return judged(posted, done)
  }
  return done('refused', 401)
}

function judged(
  posted: Awaited<ReturnType<typeof post>>,
  done: ReturnType<typeof outcomes>,
): Delivered {
  if (!posted) return done('retry', null)
  const { status, retryAfterSeconds, body } = posted
  if (status >= 200 && status < 300) return done('delivered', status)
  // Whatever else answers 404, such as an address that is no FCM, ends nobody's registration.
  if (status === 404) return done(saysUnregistered(body) ? 'gone' : 'refused', status)
  if (status === 413) return done('too_large', status)
  if (status === 429 || status >= 500) return done('retry', status, retryAfterSeconds)
  return done('refused', status)
}

function saysUnregistered(body: unknown): boolean {
  const { error } = (body ?? {}) as { error?: { status?: unknown; details?: unknown } }
  const details = Array.isArray(error?.details) ? (error.details as unknown[]) : []
  const codes = details.map((one) => (one as { errorCode?: unknown } | null)?.errorCode)
  return codes.includes('UNREGISTERED') || error?.status === 'NOT_FOUND'
}

/** High priority, because somebody waits. What is read on a locked screen is what the challenge says anyway. */
function worded({ token, data, title, body, ttlSeconds, collapse }: FcmMessage, nowMs: number) {
  const untilAt = Math.floor(nowMs / 1000) + ttlSeconds
  return {
    token,
    data,
    notification: { title, body },
    android: { priority: 'HIGH', ttl: `${ttlSeconds}s` },
    apns: {
      headers: {
        'apns-priority': '10',
        'apns-push-type': 'alert',
        'apns-collapse-id': collapse,
        'apns-expiration': String(untilAt),
      },
      payload: {
        aps: { alert: { title, body }, sound: 'default', category: 'PUSH_AUTHENTICATION' },
      },
    },
  }
}

/** @returns one that is good for a while, or how it went that there is none. */
async function accessToken(
  { account, version }: FcmGateway,
  pushHosts: string[],
  nowMs: () => number,
): Promise<AccessToken | Delivered> {
  const known = kept.get(version)
  if (known && known.untilMs > nowMs()) return known
  const { token_uri: address } = account
  const done = outcomes(address, nowMs)
  if (!isTokenEndpoint(address, pushHosts)) return done('host_not_allowed', null)
  const assertion = await assertionOf(account, nowMs())
  if (!assertion) return done('refused', null)
  const posted = await post(address, {
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion,
    }).toString(),
    read: 'json',
    nowMs,
  })
  if (!posted) return done('retry', null)
  const { status, retryAfterSeconds, body } = posted
  if (status === 429 || status >= 500) return done('retry', status, retryAfterSeconds)
  const { access_token: token, expires_in: seconds } = (body ?? {}) as Record<string, unknown>
  if (status !== 200 || typeof token !== 'string' || typeof seconds !== 'number')
    return done('refused', status)
  if (kept.size >= tokensKept) kept.clear()
  const fresh = { token, untilMs: nowMs() + seconds * 1000 - earlierMs }
  kept.set(version, fresh)
  return fresh
}

/** @returns null where the key is none: it was checked when it was written. */
async function assertionOf(account: ServiceAccount, nowMs: number): Promise<string | null> {
  const now = Math.floor(nowMs / 1000)
  const key = await importPKCS8(account.private_key, 'RS256').catch(() => null)
  return (
    key &&
    new SignJWT({ scope })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: account.private_key_id })
      .setIssuer(account.client_email)
      .setSubject(account.client_email)
      .setAudience(account.token_uri)
      .setIssuedAt(now)
      .setExpirationTime(now + assertionSeconds)
      .sign(key)
  )
}
