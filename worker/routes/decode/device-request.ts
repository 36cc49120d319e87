/** What a device sends, read and checked: the protocol's version, the body's shape, the signature over the whole request. */
import * as v from 'valibot'
import { toBase64url } from '../../../schema/encoding.ts'
import { deviceProtocol, deviceProtocolHeader } from '../../../schema/limits.ts'
import type { Found } from '../../challenge/desk/desk.ts'
import { reach } from '../../challenge/reach.ts'
import { verifyRequest } from '../../challenge/verify.ts'
import type { Member } from '../../enrolment/change.ts'
import { refuse } from '../../problem.ts'
import type { Call } from '../surface.ts'
import { aboutOwner } from './customer.ts'

/** The server keeps the previous protocol too, so that an app may be one version behind. */
const oldestProtocol = Math.max(1, deviceProtocol - 1)

/** @throws Refusal protocol_too_old · bad_parameter */
export function checkProtocol(call: Call): void {
  const named = call.req.header(deviceProtocolHeader)
  const version = Number(named)
  if (named === undefined || !Number.isInteger(version) || version < 1)
    refuse({
      reason: 'bad_parameter',
      field: deviceProtocolHeader,
      mend: `must be ${deviceProtocol}`,
    })
  if (version < oldestProtocol) refuse({ reason: 'protocol_too_old' })
  if (version > deviceProtocol)
    refuse({
      reason: 'bad_parameter',
      field: deviceProtocolHeader,
      mend: `must be at most ${deviceProtocol}`,
    })
}

/** @throws Refusal malformed_body · bad_parameter naming the field */
export function parseBody<S extends v.GenericSchema>(text: string, schema: S): v.InferOutput<S> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    refuse({ reason: 'malformed_body', mend: 'is not valid JSON' })
  }
  const parsed = v.safeParse(schema, value)
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const field = v.getDotPath(issue) ?? 'body'
  const wanted = issue.expected ? `: expected ${issue.expected}, got ${issue.received}` : ''
  return refuse({
    reason: 'bad_parameter',
    field,
    mend: `is not valid (${issue.message})${wanted}`,
  })
}

export type Signed = { address: Found; deviceId: string; jti: string; body: string }

/** The signature holds; whether the device is in force, and the request new, its owner's object says. */
export async function signedRequest(call: Call): Promise<Signed> {
  const [scheme, jws] = (call.req.header('Authorization') ?? '').split(' ')
  if (scheme !== 'Countersign' || !jws)
    refuse({ reason: 'signature_refused', field: 'Authorization' })
  const { pathname, search } = new URL(call.req.url)
  const body = await call.req.text()
  const request = { method: call.req.method, path: pathname + search, body }
  const { ownerId, deviceId, jti } = await verifyRequest(call.get('context'), jws, request)
  if (!aboutOwner(call, ownerId)) refuse({ reason: 'unknown_device' })
  return { address: { ownerId }, deviceId, jti, body }
}

/** For requests that change something: each is good once. */
export async function admittedRequest(call: Call): Promise<{ member: Member; body: string }> {
  const { address, deviceId, jti, body } = await signedRequest(call)
  const attempt = toBase64url(call.get('context').random(12))
  const admitted = await reach(call.get('context'), address, (object) =>
    object.admit(address, deviceId, jti, attempt),
  )
  if (!admitted.ok) refuse({ reason: admitted.reason })
  const { ok: _, customer, ...token } = admitted
  return { member: { address: { ...address, customer }, ...token }, body }
}
