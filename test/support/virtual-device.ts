/**
 * A device without a browser: it holds a key, signs itself in, reads what is asked and answers. It runs in Node and in
 * workerd alike, takes `fetch` as an argument, and lets a test spoil any one thing of what it signs.
 */
import * as v from 'valibot'
import { type TrustedKeys, trustedKeys } from '../../schema/chain.ts'
import * as api from '../../schema/device.ts'
import { sha256, toBase64url } from '../../schema/encoding.ts'
import { readInvitation } from '../../schema/enrolment-link.ts'
import { type PublicJwk, headerOf, publicHalf, sign, verify } from '../../schema/jws.ts'
import { deviceProtocol, deviceProtocolHeader } from '../../schema/limits.ts'
import {
  type AnswerClaims,
  ChallengeClaims,
  type EnrolmentClaims,
  type RequestClaims,
  challengeHash,
  typ,
} from '../../schema/signing.ts'
import { exportPublic } from '../../schema/sealed.ts'
import type { Decision, DeclineReason } from '../../schema/states.ts'
import { p256Keys } from './p256.ts'

/** What the server said, where it was not what was asked for. */
export class DeviceRefused extends Error {
  readonly status: number
  readonly problem: api.Problem
  constructor(status: number, problem: api.Problem) {
    super(`${status} ${problem.reason}: ${problem.detail}`)
    this.status = status
    this.problem = problem
  }
}

export type Server = {
  /** The deployment's PUBLIC_URL: what is signed is meant for it. */
  origin: string
  fetch?: (address: string, init: RequestInit) => Promise<Response>
  nowMs?: () => number
}

export type VirtualDevice = api.EnrolmentFinishAnswer & {
  keys: CryptoKeyPair
  publicKey: PublicJwk
  /** What is open, each one's signature checked against the pinned root. */
  list(): Promise<ReadChallenge[]>
  /** The whole answer to GET /device/challenges. */
  overview(): Promise<api.ChallengesAnswer>
  look(challenge: string): Promise<api.OpenChallenge>
  /** @returns the claims, or null where the signature, the key or the one it is meant for is not right. */
  read(jws: string): Promise<ChallengeClaims | null>
  approve(challenge: AnyChallenge, code?: string): Promise<api.AnswerAnswer>
  decline(challenge: AnyChallenge, reason?: DeclineReason): Promise<api.AnswerAnswer>
  signAnswer(challenge: AnyChallenge, spoilt: Partial<AnswerClaims>): Promise<string>
  sendAnswer(answer: string): Promise<api.AnswerAnswer>
  subscribe(subscription: api.SubscriptionUpdate['subscription']): Promise<void>
  rename(name: string): Promise<void>
  leave(): Promise<void>
  /** The JWS for an Authorization header or a WebSocket's second subprotocol. */
  signRequest(method: string, path: string, options?: SignOptions): Promise<string>
  call(method: string, path: string, options?: CallOptions): Promise<Response>
}

export type ReadChallenge = { challenge: string; jws: string; claims: ChallengeClaims }
type AnyChallenge = { challenge: string; jws: string }
type SignOptions = { body?: string; spoilt?: Partial<RequestClaims> }
type CallOptions = SignOptions & { authorization?: string }

export type Enrolling = {
  /** The link, the otpauth code or the twelve characters. */
  invitation: string
  deviceName?: string
  keys?: CryptoKeyPair
  /** Makes it ask for six-digit codes too. */
  agreement?: CryptoKeyPair
  spoilt?: Partial<EnrolmentClaims>
}

export const deviceKeys = (): Promise<CryptoKeyPair> => p256Keys('sign', false)

/** Looks at the enrolment, makes a key, signs it in, and pins the server's root. */
export async function enrol(server: Server, enrolling: Enrolling): Promise<VirtualDevice> {
  const invitation = readInvitation(enrolling.invitation, server.origin)
  if ('problem' in invitation) throw new Error(`not an invitation: ${invitation.problem}`)
  const { secret, code } = { secret: undefined, code: undefined, ...invitation }
  const proved = { ...(secret !== undefined && { secret }), ...(code !== undefined && { code }) }
  const keys = enrolling.keys ?? (await deviceKeys())
  const publicKey = await publicJwkOf(keys)
  const claims = {
    aud: server.origin,
    ...proved,
    deviceName: enrolling.deviceName ?? 'Virtual device',
    iat: nowSeconds(server),
    ...(enrolling.agreement && {
      agreement: await exportPublic(enrolling.agreement.publicKey),
    }),
    ...enrolling.spoilt,
  }
  const proof = await sign(typ.enrolment, claims, { key: keys.privateKey, jwk: publicKey })
  const response = await send(server, 'POST', '/device/enrolment/finish', {
    body: JSON.stringify({ proof }),
  })
  const finished = await expect(response, api.EnrolmentFinishAnswer)
  if ('rootThumbprint' in invitation && invitation.rootThumbprint !== finished.rootThumbprint)
    throw new Error('the server is not the one of the invitation')
  return deviceOf(server, { ...finished, keys, publicKey })
}

export async function lookAtEnrolment(
  server: Server,
  look: api.EnrolmentLook,
): Promise<api.EnrolmentLookAnswer> {
  const response = await send(server, 'POST', '/device/enrolment/look', {
    body: JSON.stringify(look),
  })
  return expect(response, api.EnrolmentLookAnswer)
}

type Identity = api.EnrolmentFinishAnswer & { keys: CryptoKeyPair; publicKey: PublicJwk }

export function deviceOf(server: Server, identity: Identity): VirtualDevice {
  const { deviceId, keys, publicKey } = identity
  const signer = { key: keys.privateKey, kid: deviceId, jwk: publicKey }
  let trusted: TrustedKeys | null = null

  async function read(jws: string): Promise<ChallengeClaims | null> {
    const keyName = headerOf(jws)?.kid ?? ''
    if (!trusted?.has(keyName)) {
      const answer = await expect(await send(server, 'GET', '/device/keys', {}), api.KeysAnswer)
      trusted = await trustedKeys(answer, identity.rootThumbprint)
    }
    const key = trusted?.get(keyName)
    const claims = key ? await verify(typ.challenge, jws, key, ChallengeClaims) : null
    return claims?.aud === deviceId && claims.iss === server.origin ? claims : null
  }

  async function signRequest(
    method: string,
    path: string,
    { body = '', spoilt }: SignOptions = {},
  ) {
    const jti = toBase64url(crypto.getRandomValues(new Uint8Array(16)))
    const bodyHash = await sha256(body)
    const claims = {
      aud: server.origin,
      method,
      path,
      bodyHash,
      iat: nowSeconds(server),
      jti,
      ...spoilt,
    }
    return sign(typ.request, claims, signer)
  }

  async function call(method: string, path: string, options: CallOptions = {}): Promise<Response> {
    const authorization =
      options.authorization ?? `Countersign ${await signRequest(method, path, options)}`
    const { body } = options
    return send(server, method, path, { authorization, ...(body !== undefined && { body }) })
  }

  async function signAnswer({ challenge, jws }: AnyChallenge, spoilt: Partial<AnswerClaims>) {
    const iat = nowSeconds(server)
    const claims = {
      aud: server.origin,
      challenge,
      challengeHash: await challengeHash(jws),
      iat,
      ...spoilt,
    }
    return sign(typ.answer, claims, signer)
  }

  async function sendAnswer(answer: string): Promise<api.AnswerAnswer> {
    const response = await send(server, 'POST', '/device/answers', {
      body: JSON.stringify({ answer }),
    })
    return expect(response, api.AnswerAnswer)
  }

  async function answer(challenge: AnyChallenge, decision: Decision, more: Partial<AnswerClaims>) {
    return sendAnswer(await signAnswer(challenge, { decision, ...more }))
  }

  const overview = async () => expect(await call('GET', '/device/challenges'), api.ChallengesAnswer)
  const done = async (method: string, path: string, body?: object) => {
    const options = body === undefined ? {} : { body: JSON.stringify(body) }
    await expect(await call(method, path, options), api.DoneAnswer)
  }

  return {
    ...identity,
    overview,
    async list() {
      const { challenges } = await overview()
      const read_ = challenges.map(async ({ challenge, jws }) => ({
        challenge,
        jws,
        claims: await read(jws),
      }))
      return (await Promise.all(read_)).filter((one): one is ReadChallenge => one.claims !== null)
    },
    look: async (challenge) =>
      expect(await call('GET', `/device/challenges/${challenge}`), api.ChallengeAnswer),
    read,
    approve: (challenge, code) => answer(challenge, 'approve', code === undefined ? {} : { code }),
    decline: (challenge, reason) =>
      answer(challenge, 'decline', reason === undefined ? {} : { reason }),
    signAnswer,
    sendAnswer,
    subscribe: (subscription) => done('PUT', '/device/subscription', { subscription }),
    rename: (name) => done('PATCH', '/device', { name }),
    leave: () => done('DELETE', '/device'),
    signRequest,
    call,
  }
}

type Sent = { body?: string; authorization?: string }

function send(server: Server, method: string, path: string, { body, authorization }: Sent) {
  const headers: Record<string, string> = { [deviceProtocolHeader]: String(deviceProtocol) }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (authorization !== undefined) headers.authorization = authorization
  const init = { method, headers, ...(body !== undefined && { body }) }
  return (server.fetch ?? fetch)(server.origin + path, init)
}

async function expect<S extends v.GenericSchema>(
  response: Response,
  schema: S,
): Promise<v.InferOutput<S>> {
  const body: unknown = await response.json()
  if (!response.ok) throw new DeviceRefused(response.status, v.parse(api.Problem, body))
  return v.parse(schema, body)
}

export async function publicJwkOf(keys: CryptoKeyPair): Promise<PublicJwk> {
  return publicHalf((await crypto.subtle.exportKey('jwk', keys.publicKey)) as PublicJwk)
}

const nowSeconds = (server: Server): number => Math.floor((server.nowMs ?? Date.now)() / 1000)
