/**
 * FCM's HTTP v1 API and the token endpoint beside it, as far as a sender meets them: the assertion of a service account is checked
 * (signature, iss, aud, scope, times), access tokens end and can be taken back, and a message that Google would refuse is refused.
 * Takes a Request and gives a Response, like the other push services.
 */
import { Buffer } from 'node:buffer'
import { type KeyObject, createPublicKey, randomBytes, verify } from 'node:crypto'
import type { SentRequest } from './push-service.ts'

export type FcmMessage = {
  token: string
  data: Record<string, string>
  notification: { title: string; body: string }
  android: { priority: string; ttl: string }
  apns: { headers: Record<string, string>; payload: { aps: Record<string, unknown> } }
}
/** What the next requests are told instead, each once, in order. `to`: where messages go, or where tokens are asked for. */
export type FcmReply = {
  to: 'messages' | 'token'
  status: number
  headers?: Record<string, string>
  body?: unknown
}
export type FcmProject = {
  /** SPKI, PEM. */
  publicKey: string
  email: string
  tokenUri: string
  /** How long an access token lasts. */
  tokenSeconds: number
}
/** What a test reads of a project. `refused`: why, in the order in which it was. */
export type FcmSeen = { messages: FcmMessage[]; tokens: number; refused: string[] }

type Project = FcmProject & {
  key: KeyObject
  seen: FcmSeen
  replies: FcmReply[]
  access: Map<string, number>
}

const scope = 'https://www.googleapis.com/auth/firebase.messaging'
const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
/** Google takes no key of data that is one of its own. */
const ownKeys = /^(from|message_type|google|gcm)/
const largestBytes = 4096

export type FcmService = ReturnType<typeof fcmService>

/** @param nowSeconds the sender's clock. */
export function fcmService(nowSeconds: () => number = () => Math.floor(Date.now() / 1000)) {
  const projects = new Map<string, Project>()

  function open(id: string, given: FcmProject): void {
    const seen = { messages: [], tokens: 0, refused: [] }
    const key = createPublicKey(given.publicKey)
    projects.set(id, { ...given, key, seen, replies: [], access: new Map() })
  }

  const isOurs = (address: URL): boolean => idIn(address) !== null || isTokenUri(address)
  const idIn = ({ pathname }: URL): string | null =>
    /^\/v1\/projects\/([^/]+)\/messages:send$/.exec(pathname)?.[1] ?? null
  const isTokenUri = ({ href }: URL): boolean =>
    [...projects.values()].some(({ tokenUri }) => tokenUri === href)

  async function receive(request: SentRequest): Promise<Response> {
    const address = new URL(request.url)
    const body = Buffer.from(await request.arrayBuffer()).toString()
    if (request.method !== 'POST') return refusal(405, 'METHOD_NOT_ALLOWED')
    const project = idIn(address)
    if (project === null) return giveToken(address, request, body)
    const found = projects.get(decodeURIComponent(project))
    return found ? send(found, request, body) : refusal(404, 'NOT_FOUND')
  }

  function giveToken(address: URL, request: SentRequest, body: string): Response {
    const form = new URLSearchParams(body)
    const [header = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.')
    const said = json(claims)
    const project = [...projects.values()].find(({ email }) => email === said['iss'])
    if (!project) return refusal(400, 'invalid_grant')
    const no = (why: string) => {
      project.seen.refused.push(why)
      return Response.json({ error: 'invalid_grant', error_description: why }, { status: 400 })
    }
    const reply = takeReply(project, 'token')
    if (reply) return reply
    const type = request.headers.get('Content-Type') ?? ''
    if (!type.startsWith('application/x-www-form-urlencoded')) return no('content type')
    if (form.get('grant_type') !== grant) return no('grant_type')
    if (json(header)['alg'] !== 'RS256') return no('alg')
    const signed = Buffer.from(`${header}.${claims}`)
    if (!verify('sha256', signed, project.key, Buffer.from(signature, 'base64url')))
      return no('signature')
    if (said['aud'] !== address.href || said['aud'] !== project.tokenUri) return no('aud')
    if (said['scope'] !== scope) return no('scope')
    const [issuedAt, endsAt] = [Number(said['iat']), Number(said['exp'])]
    const now = nowSeconds()
    if (!(issuedAt <= now + 60 && endsAt > now && endsAt - issuedAt <= 3600)) return no('times')
    const token = `ya29.${randomBytes(24).toString('base64url')}`
    project.access.set(token, now + project.tokenSeconds)
    project.seen.tokens++
    return Response.json({
      access_token: token,
      expires_in: project.tokenSeconds,
      token_type: 'Bearer',
    })
  }

  function send(project: Project, request: SentRequest, body: string): Response {
    const [, bearer = ''] = /^Bearer (.+)$/.exec(request.headers.get('Authorization') ?? '') ?? []
    const no = (status: number, why: string) => {
      project.seen.refused.push(why)
      return refusal(status, why)
    }
    if ((project.access.get(bearer) ?? 0) <= nowSeconds()) return no(401, 'UNAUTHENTICATED')
    const reply = takeReply(project, 'messages')
    if (reply) return reply
    const { message, ...others } = json(Buffer.from(body).toString('base64url')) as {
      message?: FcmMessage
    }
    const fault = message ? faultIn(message) : 'no message'
    if (!message || fault || Object.keys(others).length > 0)
      return no(400, `INVALID_ARGUMENT ${fault ?? 'unknown field'}`)
    project.seen.messages.push(message)
    return Response.json({ name: `projects/x/messages/${project.seen.messages.length}` })
  }

  const ours = (id: string): Project => {
    const project = projects.get(id)
    if (!project) throw new Error(`no project ${id}`)
    return project
  }
  return {
    open,
    isOurs,
    receive,
    seen: (id: string) => ours(id).seen,
    answerNext: (id: string, ...replies: FcmReply[]) => void ours(id).replies.push(...replies),
    /** As when a key is taken back: nobody is told. */
    endTokens: (id: string) => ours(id).access.clear(),
  }
}

function takeReply({ replies }: Project, to: FcmReply['to']): Response | null {
  const at = replies.findIndex((reply) => reply.to === to)
  const [reply] = at < 0 ? [] : replies.splice(at, 1)
  if (!reply) return null
  const { status, headers = {}, body = {} } = reply
  return typeof body === 'string'
    ? new Response(body, { status, headers })
    : Response.json(body, { status, headers })
}

function faultIn(message: FcmMessage): string | null {
  const known = ['token', 'data', 'notification', 'android', 'apns']
  const unknown = Object.keys(message).find((name) => !known.includes(name))
  if (unknown !== undefined) return `unknown field ${unknown}`
  if (typeof message.token !== 'string' || message.token === '') return 'token'
  const data = Object.entries(message.data)
  if (!data.every(([key, value]) => typeof value === 'string' && !ownKeys.test(key))) return 'data'
  if (!/^\d+s$/.test(message.android.ttl)) return 'ttl'
  if (!Object.values(message.apns.headers).every((value) => typeof value === 'string'))
    return 'apns headers'
  return Buffer.byteLength(JSON.stringify(message.data)) > largestBytes ? 'too big' : null
}

function json(base64url: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(base64url, 'base64url').toString()) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** As Google says it: the code stands in the details. */
const refusal = (status: number, code: string): Response =>
  Response.json(
    { error: { code: status, status: code, details: [{ errorCode: code }] } },
    { status },
  )
