/** What stock phones and the server sign for each other, against vectors that were made without this code. */
import { describe, expect, it } from 'vitest'
import * as signing from '../../schema/signing.ts'
import { presenceOf, shownCodeFor } from '../../worker/challenge/presence.ts'
import { codeFor } from '../../worker/challenge/code.ts'
import { isSignedByPhone, rsaSigner } from '../../worker/crypto/rsa.ts'
import vectors from '../vectors/phone.json'

const texts: Record<string, (of: never) => string> = {
  poll: signing.phonePollText,
  challenge: signing.phoneChallengeText,
  capabilities: signing.phoneCapabilitiesText,
  answer: signing.phoneAnswerText,
  fbtoken: signing.phoneFbTokenText,
}
const bytesOf = (base64: string) =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))

describe('what is signed', () => {
  it.each(vectors.texts.map((one) => [one.text, one] as const))('is %s', async (_, one) => {
    const { kind, signedBy, of, text, signature } = one
    expect(texts[kind]?.(of as never)).toBe(text)
    const keys = vectors.keys[signedBy as 'server' | 'phone']
    const sign = await rsaSigner(bytesOf(keys.pkcs8))
    expect(await sign(text)).toBe(signature)
    expect(await isSignedByPhone(keys.spki, text, signature)).toBe(true)
    expect(await isSignedByPhone(keys.spki, `${text} `, signature)).toBe(false)
    const other = vectors.keys[signedBy === 'server' ? 'phone' : 'server']
    expect(await isSignedByPhone(other.spki, text, signature)).toBe(false)
  })

  it('of capabilities are canonical bytes (RFC 8785)', () => {
    expect(signing.phoneCapabilitiesText('ABC123')).toBe(
      '{"capabilities":{"decline_reason":true},"nonce":"ABC123"}',
    )
  })
})

describe('what is pressed', () => {
  const master = crypto.subtle.importKey('raw', new Uint8Array(32), 'HKDF', false, ['deriveKey'])
  const challenges = Array.from({ length: 60 }, (_, number) => `challenge-${number}`)

  it.each(['ALPHABETIC', 'NUMERIC', 'code', ['a', 'b', 'c', 'd']] as const)(
    'among %s is the same when it is asked again, and stands anywhere',
    async (among) => {
      const terms = { among: typeof among === 'string' ? among : [...among], options: 3 }
      const places = new Set<number>()
      for (const challenge of challenges) {
        const one = await presenceOf(await master, challenge, terms)
        expect(await presenceOf(await master, challenge, terms)).toEqual(one)
        expect(new Set(one.options).size).toBe(3)
        places.add(one.options.indexOf(one.answer))
      }
      expect(places).toEqual(new Set([0, 1, 2]))
    },
  )

  it('is the code of the login where our own devices take one, and never the code that a phone shows', async () => {
    for (const challenge of challenges) {
      const code = await codeFor(await master, challenge)
      const terms = { among: 'code' as const, options: 5 }
      const { options, answer } = await presenceOf(await master, challenge, terms)
      expect([answer, options.length]).toEqual([code, 5])
      expect(await shownCodeFor(await master, challenge)).not.toBe(code)
    }
  })
})
