/** A move to a new device, step by step, so that a test may leave one out or do it wrongly. */
import * as api from '../../schema/device.ts'
import { headerOf, sign } from '../../schema/jws.ts'
import { typ } from '../../schema/signing.ts'
import { type VirtualDevice, deviceKeys, deviceOf, publicJwkOf } from '../support/virtual-device.ts'
import { type Deployment, origin } from './deployment.ts'

export type Told = { status: number; body: Record<string, unknown> }

export async function told(
  phone: VirtualDevice,
  method: string,
  path: string,
  body?: object,
): Promise<Told> {
  const response = await phone.call(method, path, body ? { body: JSON.stringify(body) } : {})
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

export async function invite(phone: VirtualDevice): Promise<api.MoveAnswer> {
  const { status, body } = await told(phone, 'POST', '/device/moves')
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body as api.MoveAnswer
}

/** Sends the proof of a new key; the same keys again ask how it stands. */
export async function finish(
  d: Deployment,
  { link }: Pick<api.MoveAnswer, 'link'>,
  keys: CryptoKeyPair,
  { name = 'New phone', agreement }: { name?: string; agreement?: api.Sealed['key'] } = {},
): Promise<Told> {
  const secret = new URLSearchParams(new URL(link).hash.slice(1)).get('s')
  const iat = Math.floor(Date.now() / 1000)
  const claims = { aud: origin, secret, deviceName: name, ...(agreement && { agreement }), iat }
  const jwk = await publicJwkOf(keys)
  const proof = await sign(typ.enrolment, claims, { key: keys.privateKey, jwk })
  if (!headerOf(proof)) throw new Error('no proof')
  const response = await d.fetch('/device/enrolment/finish', {
    method: 'POST',
    headers: { 'Countersign-Protocol': '1', 'User-Agent': 'Mozilla/5.0 (Android) Firefox/153.0' },
    body: JSON.stringify({ proof }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

export const codeOf = ({ body }: Told): string =>
  (body as Partial<api.EnrolmentWaiting>).waiting?.code ?? ''

export async function deviceFrom(
  d: Deployment,
  { body }: Told,
  keys: CryptoKeyPair,
): Promise<VirtualDevice> {
  const identity = body as api.EnrolmentFinishAnswer
  return deviceOf(d.server, { ...identity, keys, publicKey: await publicJwkOf(keys) })
}

/** All of it, done rightly. */
export async function move(
  d: Deployment,
  phone: VirtualDevice,
  { name = 'New phone', agreement }: { name?: string; agreement?: api.Sealed['key'] } = {},
): Promise<VirtualDevice> {
  const invitation = await invite(phone)
  const keys = await deviceKeys()
  const more = { name, ...(agreement && { agreement }) }
  const waiting = await finish(d, invitation, keys, more)
  const question = (await phone.list()).find(({ claims }) => claims.newDevice?.name === name)
  if (!question) throw new Error(`not asked: ${JSON.stringify(waiting)}`)
  await phone.approve(question, codeOf(waiting))
  return deviceFrom(d, await finish(d, invitation, keys, more), keys)
}
