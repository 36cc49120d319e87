/** The hash that privacyIDEA makes today, at its full price: nine passes over 64 MiB. */
import { expect, it } from 'vitest'
import { matchesLegacy } from '../../worker/factor/legacy.ts'
import vectors from '../vectors/passlib.json' with { type: 'json' }

it('argon2id as privacyIDEA asks for it: takes the right PIN and no other', async () => {
  expect(await matchesLegacy(vectors.pin, vectors.argon2id)).toBe(true)
  expect(await matchesLegacy('1235', vectors.argon2id)).toBe(false)
}, 120_000)
