/** Hashes that other systems made: which are checked, which cannot be, and that none is kept as it came. */
import { describe, expect, it } from 'vitest'
import { isLegacy, keepLegacy, matchesKept, matchesLegacy } from '../../worker/factor/legacy.ts'
import vectors from '../vectors/passlib.json' with { type: 'json' }
import { contextHere } from './context.ts'

describe('hashes of other systems', () => {
  const right = [
    ['argon2idSmall', vectors.pin],
    ['argon2idEmpty', ''],
    ['argon2idUmlaut', 'Grüße 1'],
    ['pbkdf2Sha512', vectors.pin],
    ['pbkdf2Sha256', vectors.pin],
    ['pbkdf2Sha1', vectors.pin],
    ['ssha', vectors.pin],
    ['ssha256', vectors.pin],
    ['ssha512', vectors.pin],
    ['sha', vectors.pin],
  ] as const

  it.each(right)('%s: takes the right one and no other', async (name, secret) => {
    expect(await matchesLegacy(secret, vectors[name])).toBe(true)
    expect(await matchesLegacy(`${secret}x`, vectors[name])).toBe(false)
    expect(await matchesLegacy(secret === '' ? '1234' : '', vectors[name])).toBe(false)
  })

  it('takes argon2 over 64 MiB in four lanes, as privacyIDEA does (all nine passes: long form)', async () => {
    expect(await matchesLegacy(vectors.pin, vectors.argon2id64MiB)).toBe(true)
  })

  const brought = async (hash: string, seed = '') => {
    const context = await contextHere()
    return { context, ...(await keepLegacy(context, hash, seed)) }
  }

  it('keeps them sealed, each with its older seed', async () => {
    const { context, kept, why } = await brought(vectors.sha256, vectors.sha256Seed)
    expect([isLegacy(kept), why]).toEqual([true, ''])
    expect(kept).not.toContain(vectors.sha256)
    expect(await matchesKept(context, '1234', kept ?? '')).toBe(true)
    expect(await matchesKept(context, '1235', kept ?? '')).toBe(false)
    expect((await brought('')).kept).toBeNull()
  })

  it.each([
    ['argon2idLarge', 'takes 100 MiB and 1 passes'],
    ['argon2i', '(argon2i) is not understood'],
    ['pbkdf2Long', 'takes 100001 rounds'],
    ['sha512Crypt', '(6) is not understood'],
    ['bcrypt', '(2b) is not understood'],
    ['phpass', '(P) is not understood'],
  ] as const)('%s: cannot be checked, so nothing matches it', async (name, said) => {
    const { context, kept, why } = await brought(vectors[name])
    expect(why).toContain(said)
    for (const secret of ['', '1234', vectors[name], kept ?? ''])
      expect(await matchesKept(context, secret, kept ?? '')).toBe(false)
  })

  it.each([
    '@@0a1b',
    'plain',
    '$argon2id$v=19$m=8,t=1,p=4$AA$AA',
    '$pbkdf2-sha512$0$aa$bb',
    '{SSHA}x',
  ])('no sense is made of %s', async (hash) => {
    const { context, kept, why } = await brought(hash)
    expect(why).not.toBe('')
    expect(await matchesKept(context, '1234', kept ?? '')).toBe(false)
  })
})
