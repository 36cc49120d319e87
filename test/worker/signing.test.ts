/** The bytes that both sides must agree on, against vectors that were made without this code. */
import { importJWK } from 'jose'
import { describe, expect, it } from 'vitest'
import type * as v from 'valibot'
import {
  crockfordAlphabet,
  isCrockford,
  normaliseCrockford,
  toCrockford,
} from '../../schema/crockford.ts'
import { fromBase64url, sha256, toBase64url, utf8 } from '../../schema/encoding.ts'
import { headerOf, publicHalf, sign, thumbprint, verify } from '../../schema/jws.ts'
import {
  AnswerClaims,
  ChallengeClaims,
  EndedClaims,
  EnrolmentClaims,
  KeyLinkClaims,
  NewcomerClaims,
  ReceiptClaims,
  RequestClaims,
  TrialClaims,
  challengeHash,
  typ,
} from '../../schema/signing.ts'
import { codeFor, codeMatches } from '../../worker/challenge/code.ts'
import { type Owner, databaseOf, ownerIdOf } from '../../worker/crypto/owner.ts'
import { type OwnerId, type SealedKind, openId, sealId } from '../../worker/crypto/sealed-id.ts'
import { codeHashOf, codeOf } from '../../worker/enrolment/invitation.ts'
import type { Context } from '../../worker/env.ts'
import derivation from '../vectors/derivation.json'
import signing from '../vectors/signing.json'

const shapes: Record<keyof typeof typ, v.GenericSchema> = {
  keyLink: KeyLinkClaims,
  challenge: ChallengeClaims,
  ended: EndedClaims,
  answer: AnswerClaims,
  request: RequestClaims,
  enrolment: EnrolmentClaims,
  receipt: ReceiptClaims,
  newcomer: NewcomerClaims,
  trial: TrialClaims,
}
const messages = signing.messages as {
  name: keyof typeof typ
  signedBy: 'server' | 'device'
  header: { typ: string; kid?: string; jwk?: object }
  claims: object
  jws: string
}[]

describe('a signed message', () => {
  it('of every kind has a vector', () => {
    expect(new Set(messages.map(({ name }) => name))).toEqual(new Set(Object.keys(typ)))
  })

  it.each(messages)('$name is signed over these bytes', async (message) => {
    const { name, signedBy, header, claims, jws } = message
    const jwk = signing.keys[signedBy] as Parameters<typeof publicHalf>[0]
    const key = (await importJWK(jwk, 'ES256')) as CryptoKey
    const made = await sign(typ[name], claims, {
      key,
      ...(header.kid !== undefined && { kid: header.kid }),
      ...(header.jwk && { jwk: publicHalf(jwk) }),
    })
    expect(made.split('.').slice(0, 2)).toEqual(jws.split('.').slice(0, 2))
    expect(headerOf(made)).toEqual(header)
    for (const one of [jws, made])
      expect(await verify(typ[name], one, publicHalf(jwk), shapes[name])).toEqual(claims)
  })

  it.each(messages)('$name stands in for no other kind, and for no other key', async (message) => {
    const { name, signedBy, jws, claims } = message
    const own = publicHalf(signing.keys[signedBy])
    const others = publicHalf(signing.keys[signedBy === 'server' ? 'device' : 'server'])
    for (const kind of Object.keys(typ) as (keyof typeof typ)[])
      if (kind !== name) expect(await verify(typ[kind], jws, own, shapes[name])).toBeNull()
    expect(await verify(typ[name], jws, others, shapes[name])).toBeNull()
    expect(await verify(typ[name], jws, own, shapes[name])).toEqual(claims)
  })

  it.each(messages)('$name does not verify with any character changed', async (message) => {
    const { name, signedBy, jws } = message
    const own = publicHalf(signing.keys[signedBy])
    const step = Math.max(1, Math.floor(jws.length / 60))
    for (let at = 0; at < jws.length; at += step) {
      // The second lowest bit of a character is never padding; the dots just go.
      const changed = jws[at] === '.' ? 'A' : (neighbours.get(jws[at]!) ?? 'A')
      const spoilt = jws.slice(0, at) + changed + jws.slice(at + 1)
      expect(await verify(typ[name], spoilt, own, shapes[name]), `at ${at}`).toBeNull()
    }
    expect(await verify(typ[name], jws, own, shapes[name])).not.toBeNull()
  })

  it('is ES256 and nothing else', async () => {
    const [{ claims, header }] = messages as [(typeof messages)[0]]
    const own = publicHalf(signing.keys.server)
    const part = (value: object) => toBase64url(utf8(JSON.stringify(value)))
    const unsigned = `${part({ ...header, alg: 'none' })}.${part(claims)}.`
    expect(await verify(typ.keyLink, unsigned, own, KeyLinkClaims)).toBeNull()
    // RFC 8725 §2.1: the public key, which everybody has, as the secret of an HMAC.
    const secret = utf8(JSON.stringify(own))
    const hmac = await crypto.subtle.importKey(
      'raw',
      secret,
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign'],
    )
    const input = `${part({ ...header, alg: 'HS256' })}.${part(claims)}`
    const mac = new Uint8Array(await crypto.subtle.sign('HMAC', hmac, utf8(input)))
    const confused = `${input}.${toBase64url(mac)}`
    expect(await verify(typ.keyLink, confused, own, KeyLinkClaims)).toBeNull()
  })
})

const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** For each character another one that differs in its highest bit. */
const neighbours = new Map(
  [...base64url].map((character, index) => [character, base64url[index ^ 32]!]),
)

describe('names of keys and texts', () => {
  it("a key's thumbprint is that of RFC 7638", async () => {
    for (const who of ['server', 'device'] as const)
      expect(await thumbprint(publicHalf(signing.keys[who]))).toBe(signing.thumbprints[who])
  })

  it('nothing private passes into the public half', () => {
    expect(Object.keys(publicHalf(signing.keys.server)).toSorted()).toEqual([
      'crv',
      'kty',
      'x',
      'y',
    ])
  })

  it("a challenge's hash is over the JWS as it was sent, a body's over its UTF-8", async () => {
    const challenge = messages.find(({ name }) => name === 'challenge')!
    expect(await challengeHash(challenge.jws)).toBe(signing.challengeHash)
    const request = messages.find(({ name }) => name === 'request')!
    expect(request.claims).toMatchObject({ bodyHash: await sha256(signing.body) })
  })
})

const masterKey = () =>
  crypto.subtle.importKey('raw', fromBase64url(derivation.master)!, 'HKDF', false, [
    'deriveBits',
    'deriveKey',
  ])
const { now } = derivation
const bytesOf = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

describe('a sealed id', () => {
  const ids = derivation.sealedIds as { kind: SealedKind; bound?: string; id: string }[]
  const owner = derivation.ownerId as OwnerId

  it.each(ids)('of a $kind has this layout', async ({ kind, bound, id }) => {
    const sealing = { master: await masterKey(), kind, ...(bound !== undefined && { bound }) }
    expect(await sealId(sealing, owner, now, () => bytesOf(derivation.random))).toBe(id)
    expect(await openId(sealing, id, now)).toEqual({ ownerId: owner, madeAt: now })
    expect(fromBase64url(id)?.slice(5, 13)).toEqual(bytesOf(derivation.random))
  })

  it.each(ids)('of a $kind opens as no other kind, and not with a bit changed', async (one) => {
    const master = await masterKey()
    const bound = one.bound === undefined ? {} : { bound: one.bound }
    for (const { kind } of ids)
      if (kind !== one.kind)
        expect(await openId({ master, kind, ...bound }, one.id, now)).toBeNull()
    expect(await openId({ master, kind: one.kind, bound: 'other' }, one.id, now)).toBeNull()
    const bytes = fromBase64url(one.id)!
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Uint8Array.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(
        await openId({ master, kind: one.kind, ...bound }, toBase64url(changed), now),
      ).toBeNull()
    }
    expect(await openId({ master, kind: one.kind, ...bound }, one.id, now)).not.toBeNull()
  })

  it.each(derivation.firstForm as typeof ids)(
    'of a $kind, made before owners named their database, is of the first',
    async ({ kind, bound, id }) => {
      const sealing = { master: await masterKey(), kind, ...(bound !== undefined && { bound }) }
      const opened = await openId(sealing, id, now)
      const first = toBase64url(Uint8Array.of(0, ...fromBase64url(owner)!.slice(1)))
      expect(opened).toEqual({ ownerId: first, madeAt: now })
    },
  )

  it.each(derivation.owners)(
    "is an owner's: $owner.kind in database $database",
    async ({ owner: whose, database, id }) => {
      expect(await ownerIdOf(await masterKey(), whose as Owner, database)).toBe(id)
      expect(databaseOf(id as OwnerId)).toBe(database)
    },
  )
})

describe('a code', () => {
  it.each(derivation.crockford)('of the bytes $hex is $text', ({ hex, text }) => {
    expect(toCrockford(bytesOf(hex), text.length)).toBe(text)
    expect(isCrockford(text, text.length)).toBe(true)
  })

  it('forgives case, blanks, hyphens, O, I and L, and nothing else', () => {
    expect(normaliseCrockford(' o0-iIlL1 x\t')).toBe('0011111X')
    expect(normaliseCrockford('u8')).toBe('U8')
    for (const wrong of ['U', '?', 'É', '０', '', 'AB'])
      expect(isCrockford(normaliseCrockford(wrong), 1)).toBe(false)
    expect([...crockfordAlphabet].every((character) => isCrockford(character, 1))).toBe(true)
    expect(crockfordAlphabet).toHaveLength(32)
  })

  it('to match follows from the id of the challenge alone', async () => {
    const { challenge, code } = derivation.code
    expect(await codeFor(await masterKey(), challenge)).toBe(code)
    expect(codeMatches(code.toLowerCase(), code)).toBe(true)
    for (const wrong of [undefined, '', code.slice(1), `${code}0`, code.replace(/.$/, 'Z')])
      expect(codeMatches(wrong, code)).toBe(wrong === code)
  })

  it.each(derivation.enrolmentCodes)(
    'that enrols in database $database follows from the secret, and is kept as a keyed hash',
    async ({ secret, database, code, codeHash }) => {
      const context = { deployment: { master: await masterKey() } } as Context
      expect(await codeOf(context, secret, database)).toBe(code)
      expect(await codeHashOf(context, code)).toBe(codeHash)
    },
  )
})
