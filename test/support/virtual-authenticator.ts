/**
 * A WebAuthn authenticator without hardware: makes one P-256 credential and signs assertions with it. Written from WebAuthn
 * Level 3 §6; the flags and the counter are the test's to set.
 */
import { p256Keys } from './p256.ts'
import { toBase64url, utf8 } from '../../schema/encoding.ts'
import type { AuthenticationResponse, RegistrationResponse } from '../../schema/device.ts'

type Bytes = Uint8Array<ArrayBuffer>
export type Flags = {
  userVerified?: boolean
  counter?: number
  origin?: string
  /** Another than the origin's host. */
  rpId?: string
  /** In a frame of another origin's page. */
  crossOrigin?: boolean
  /** What a discoverable credential gives back, base64url. */
  userHandle?: string
}

const flagUserPresent = 0x01
const flagUserVerified = 0x04
const flagAttested = 0x40

const concat = (...parts: Uint8Array[]): Bytes => new Uint8Array(parts.flatMap((part) => [...part]))
const digest = async (bytes: Bytes): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))

/** RFC 8949 §3, the few types that an attestation needs. */
function cbor(value: number | string | Bytes | Map<number | string, unknown>): Bytes {
  const head = (major: number, n: number): number[] =>
    n < 24
      ? [(major << 5) | n]
      : n < 256
        ? [(major << 5) | 24, n]
        : [(major << 5) | 25, n >> 8, n & 255]
  if (typeof value === 'number')
    return new Uint8Array(value >= 0 ? head(0, value) : head(1, -1 - value))
  if (typeof value === 'string')
    return concat(new Uint8Array(head(3, utf8(value).length)), utf8(value))
  if (value instanceof Uint8Array) return concat(new Uint8Array(head(2, value.length)), value)
  const entries = [...value].flatMap(([key, item]) => [cbor(key), cbor(item as Bytes)])
  return concat(new Uint8Array(head(5, value.size)), ...entries)
}

/** ECDSA signatures of WebAuthn are ASN.1: a sequence of two integers. */
function derSignature(raw: Uint8Array): Bytes {
  const integer = (bytes: Uint8Array): Uint8Array => {
    const trimmed = bytes.subarray(bytes.findIndex((byte) => byte !== 0))
    const padded = (trimmed[0] ?? 0) & 0x80 ? concat(new Uint8Array([0]), trimmed) : trimmed
    return concat(new Uint8Array([2, padded.length]), padded)
  }
  const body = concat(integer(raw.subarray(0, 32)), integer(raw.subarray(32)))
  return concat(new Uint8Array([0x30, body.length]), body)
}

export async function virtualAuthenticator(origin: string) {
  const keys = await p256Keys('sign', true)
  const credentialId = crypto.getRandomValues(new Uint8Array(32))
  const id = toBase64url(credentialId)

  const authenticatorData = async (
    flags: number,
    { counter = 0, rpId = new URL(origin).hostname }: Flags,
    attested: Uint8Array = new Uint8Array(),
  ): Promise<Bytes> => {
    const count = new Uint8Array(4)
    new DataView(count.buffer).setUint32(0, counter)
    return concat(await digest(utf8(rpId)), new Uint8Array([flags]), count, attested)
  }
  const clientData = (
    type: string,
    challenge: string,
    { origin: from = origin, crossOrigin = false }: Flags,
  ): Bytes => utf8(JSON.stringify({ type, challenge, origin: from, crossOrigin }))

  return {
    id,
    async register(challenge: string, how: Flags = {}) {
      const { userVerified = true } = how
      const point = new Uint8Array(
        (await crypto.subtle.exportKey('raw', keys.publicKey)) as ArrayBuffer,
      )
      const coseKey = cbor(
        new Map<number, number | Bytes>([
          [1, 2],
          [3, -7],
          [-1, 1],
          [-2, point.slice(1, 33)],
          [-3, point.slice(33)],
        ]),
      )
      const attested = concat(
        new Uint8Array(16),
        new Uint8Array([0, credentialId.length]),
        credentialId,
        coseKey,
      )
      const flags = flagUserPresent | flagAttested | (userVerified ? flagUserVerified : 0)
      const authData = await authenticatorData(flags, how, attested)
      const attestation = new Map<string, unknown>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', authData],
      ])
      return {
        id,
        rawId: id,
        type: 'public-key',
        response: {
          clientDataJSON: toBase64url(clientData('webauthn.create', challenge, how)),
          attestationObject: toBase64url(cbor(attestation)),
        },
        clientExtensionResults: {},
      } satisfies RegistrationResponse
    },
    async assert(challenge: string, how: Flags = {}) {
      const { userVerified = true, userHandle } = how
      const authData = await authenticatorData(
        flagUserPresent | (userVerified ? flagUserVerified : 0),
        how,
      )
      const client = clientData('webauthn.get', challenge, how)
      const signed = concat(authData, await digest(client))
      const raw = await crypto.subtle.sign(
        { name: 'ECDSA', hash: 'SHA-256' },
        keys.privateKey,
        signed,
      )
      return {
        id,
        rawId: id,
        type: 'public-key',
        response: {
          clientDataJSON: toBase64url(client),
          authenticatorData: toBase64url(authData),
          signature: toBase64url(derSignature(new Uint8Array(raw))),
          ...(userHandle !== undefined && { userHandle }),
        },
        clientExtensionResults: {},
      } satisfies AuthenticationResponse
    },
  }
}
