/** The two servers by the same four requests of a login. What each needs beforehand is done while nobody measures. */
import { sha256, toBase64url } from '../../schema/encoding.ts'
import { deviceProtocol, deviceProtocolHeader } from '../../schema/limits.ts'
import { sign } from '../../schema/jws.ts'
import { type AnswerClaims, type RequestClaims, challengeHash, typ } from '../../schema/signing.ts'
import { codeFor } from '../../worker/challenge/code.ts'
import type { Prepared } from './load.ts'
import type { Ours, Running } from './servers.ts'
import type { DeviceKeys, Owner, Store } from './store.ts'

export const steps = ['trigger', 'devices', 'poll', 'answer', 'redeem'] as const
export type Step = (typeof steps)[number]

export type Side = {
  name: 'ours' | 'floor'
  server: Running
  /** What stands in every right answer. */
  expected: Record<Step, string>
  /** @returns one request for each owner of the list, who may stand in it more than once. */
  prepare(step: Step, owners: Owner[]): Promise<Prepared[]>
  /** One whole login, each request when the one before is answered. */
  login(owner: Owner, send: Send): Promise<void>
}
export type Send = (request: Prepared) => Promise<string>

const atOnce = 8

/** Some at a time, in order. */
async function each<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  for (let at = 0; at < items.length; at += atOnce)
    done.push(...(await Promise.all(items.slice(at, at + atOnce).map(work))))
  return done
}

const sender =
  (server: Running): Send =>
  async ({ path, ...init }) => {
    const response = await fetch(server.url + path, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
    return text
  }

type Asked = { owner: Owner; transactionId: string }
type Open = { challenge: string; jws: string }

export function oursOf(server: Ours, store: Store, master: CryptoKey): Side {
  const send = sender(server)
  const json = { 'content-type': 'application/json' }
  const headers = { ...json, 'x-api-key': server.server.keys.tryApiKey }
  const origin = server.server.url
  const signer = (deviceId: string) => signerOf(store.keys, deviceId)

  const post = (path: string, body: object): Prepared => ({
    method: 'POST',
    path,
    headers,
    body: JSON.stringify(body),
  })
  const triggering = ({ user }: Owner) => post('/validate/triggerchallenge', { user })
  const polling = ({ transactionId }: Asked): Prepared => ({
    method: 'GET',
    path: `/validate/polltransaction/${transactionId}`,
    headers,
  })
  const redeeming = ({ owner, transactionId }: Asked) =>
    post('/validate/check', { user: owner.user, pass: '', transaction_id: transactionId })

  async function listing({ deviceId }: Owner): Promise<Prepared> {
    const path = '/device/challenges'
    const claims: RequestClaims = {
      aud: origin,
      method: 'GET',
      path,
      bodyHash: await sha256(''),
      iat: now(),
      jti: toBase64url(crypto.getRandomValues(new Uint8Array(16))),
    }
    const signed = await sign(typ.request, claims, signer(deviceId))
    return { method: 'GET', path, headers: { ...protocol, authorization: `Countersign ${signed}` } }
  }

  async function answering({ deviceId }: Owner, { challenge, jws }: Open): Promise<Prepared> {
    const claims: AnswerClaims = {
      aud: origin,
      challenge,
      challengeHash: await challengeHash(jws),
      decision: 'approve',
      code: await codeFor(master, challenge),
      iat: now(),
    }
    const answer = await sign(typ.answer, claims, signer(deviceId))
    return {
      method: 'POST',
      path: '/device/answers',
      headers: { ...json, ...protocol },
      body: JSON.stringify({ answer }),
    }
  }

  const ask = async (owner: Owner): Promise<Asked> => ({
    owner,
    transactionId: transactionOf(await send(triggering(owner))),
  })
  /** Every open challenge of these owners, answered by their device. */
  async function answers(owners: Owner[]): Promise<Prepared[]> {
    const distinct = [...new Map(owners.map((owner) => [owner.ownerId, owner])).values()]
    const lists = await each(distinct, async (owner) => {
      const { challenges } = JSON.parse(await send(await listing(owner))) as { challenges: Open[] }
      return Promise.all(challenges.map((open) => answering(owner, open)))
    })
    return lists.flat()
  }

  return {
    name: 'ours',
    server,
    expected: {
      trigger: '"transaction_id"',
      devices: '"challenges"',
      poll: '"pending"',
      answer: '"accepted"',
      redeem: '"ACCEPT"',
    },
    async prepare(step, owners) {
      if (step === 'trigger') return owners.map(triggering)
      if (step === 'devices') return each(owners, listing)
      const asked = await each(owners, ask)
      if (step === 'poll') return asked.map(polling)
      const given = await answers(owners)
      if (step === 'answer') return given
      await each(given, send)
      return asked.map(redeeming)
    },
    async login(owner, send) {
      const transactionId = transactionOf(await send(triggering(owner)))
      const { challenges } = JSON.parse(await send(await listing(owner))) as { challenges: Open[] }
      const open = challenges.at(-1)
      if (!open) throw new Error('nothing is open')
      await send(await answering(owner, open))
      await send(polling({ owner, transactionId }))
      const redeemed = await send(redeeming({ owner, transactionId }))
      if (!redeemed.includes('"ACCEPT"')) throw new Error(redeemed)
    },
  }
}

const transactionOf = (text: string): string => {
  const { detail } = JSON.parse(text) as { detail?: { transaction_id?: string } }
  if (!detail?.transaction_id) throw new Error(`no challenge: ${text}`)
  return detail.transaction_id
}

const now = (): number => Math.floor(Date.now() / 1000)
const signerOf = ({ privateKey, publicKey }: DeviceKeys, deviceId: string) => ({
  key: privateKey,
  kid: deviceId,
  jwk: publicKey,
})

export async function floorOf(server: Running): Promise<Side> {
  const send = sender(server)
  const { privateKey, publicKey } = (await crypto.subtle.generateKey(p256, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const key = base64(await crypto.subtle.exportKey('raw', publicKey))
  const about = ({ ownerId }: Owner, id = '') => `owner=${ownerId}&id=${id}`
  const json = { 'content-type': 'application/json' }
  const post = (path: string, body: object): Prepared => ({
    method: 'POST',
    path,
    headers: json,
    body: JSON.stringify(body),
  })
  const triggering = ({ ownerId }: Owner) => post('/trigger', { owner: ownerId })
  const listing = (owner: Owner): Prepared => ({ method: 'GET', path: `/devices?${about(owner)}` })
  const polling = (owner: Owner, id: string): Prepared => ({
    method: 'GET',
    path: `/poll?${about(owner, id)}`,
  })
  async function answering(owner: Owner, id: string): Promise<Prepared> {
    // As long as an answer of ours is.
    const signed = id.padEnd(700, '.')
    const signature = base64(
      await crypto.subtle.sign({ ...p256, hash: 'SHA-256' }, privateKey, Buffer.from(signed)),
    )
    return {
      method: 'POST',
      path: `/answer?${about(owner, id)}`,
      headers: json,
      body: JSON.stringify({ key, signature, signed }),
    }
  }
  const redeeming = ({ ownerId }: Owner, id: string) => post('/redeem', { owner: ownerId, id })
  const ask = async (owner: Owner): Promise<string> =>
    (JSON.parse(await send(triggering(owner))) as { id: string }).id

  return {
    name: 'floor',
    server,
    expected: {
      trigger: '"id"',
      devices: '"open"',
      poll: '"pending"',
      answer: 'true',
      redeem: 'true',
    },
    async prepare(step, owners) {
      if (step === 'trigger') return owners.map(triggering)
      if (step === 'devices') return owners.map(listing)
      const ids = await each(owners, ask)
      if (step === 'poll') return owners.map((owner, at) => polling(owner, ids[at]!))
      const answers = await Promise.all(owners.map((owner, at) => answering(owner, ids[at]!)))
      if (step === 'answer') return answers
      await each(answers, send)
      return owners.map((owner, at) => redeeming(owner, ids[at]!))
    },
    async login(owner, send) {
      const { id } = JSON.parse(await send(triggering(owner))) as { id: string }
      await send(listing(owner))
      await send(await answering(owner, id))
      await send(polling(owner, id))
      if (!(await send(redeeming(owner, id))).includes('true')) throw new Error('not redeemed')
    },
  }
}

const protocol = { [deviceProtocolHeader]: String(deviceProtocol) }
const p256 = { name: 'ECDSA', namedCurve: 'P-256' }
const base64 = (bytes: ArrayBuffer): string => Buffer.from(bytes).toString('base64')
