/** The keys of a deployment: made once, readable by their owner alone, replaced without stranding a device. */
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { trustedKeys } from '../../schema/chain.ts'
import { publicHalf, thumbprint } from '../../schema/jws.ts'
import { keySecrets, keyVars } from '../../worker/local/bindings.ts'
import { keepKeys, rotateSigningKey } from '../../worker/local/keys.ts'
import { freshState } from './command.ts'

let folder = ''
let remove = () => {}
beforeEach(() => {
  const fresh = freshState()
  folder = join(fresh.state, 'keys')
  remove = fresh.remove
})
afterEach(() => remove())

const nameOf = (jwk: Parameters<typeof publicHalf>[0]) => thumbprint(publicHalf(jwk))

describe('keys', () => {
  it('are made once and stay the same', async () => {
    const first = await keepKeys(folder)
    expect(await keepKeys(folder)).toEqual(first)
    expect((await keepKeys(`${folder}-2`)).masterKey).not.toBe(first.masterKey)
    for (const key of [first.masterKey, first.pepper])
      expect(Buffer.from(key, 'base64url')).toHaveLength(32)
    expect(Buffer.from(first.vapid.publicKey, 'base64url')).toHaveLength(65)
  })

  it.skipIf(process.platform === 'win32')('are readable by their owner alone', async () => {
    await keepKeys(folder)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(readdirSync(folder).toSorted()).toEqual(['deployment.json', 'root.json'])
    for (const file of readdirSync(folder))
      expect(statSync(join(folder, file)).mode & 0o777, file).toBe(0o600)
  })

  it('give the worker everything but the root key', async () => {
    const keys = await keepKeys(folder)
    const { d } = JSON.parse(readFileSync(join(folder, 'root.json'), 'utf8'))
    expect(d).toMatch(/^[\w-]{43}$/)
    expect(JSON.stringify({ ...keySecrets(keys), ...keyVars(keys), keys })).not.toContain(d)
    expect(JSON.stringify(keyVars(keys))).not.toContain(keys.signingKey.d)
  })

  it('form a chain from the root to the signing key', async () => {
    const { chain, signingKey } = await keepKeys(folder)
    const trusted = await trustedKeys(chain, await thumbprint(chain.root))
    expect(trusted?.has(await nameOf(signingKey))).toBe(true)
    expect(await trustedKeys(chain, await nameOf(signingKey))).toBe(null)
  })

  it('are rotated under the same root: the old and the new one are both trusted', async () => {
    const before = await keepKeys(folder)
    const names = [await rotateSigningKey(folder, 1), await rotateSigningKey(folder, 2)]
    const after = await keepKeys(folder)
    expect(await nameOf(after.signingKey)).toBe(names[1])
    expect({ ...after, chain: null, signingKey: null }).toEqual({
      ...before,
      chain: null,
      signingKey: null,
    })
    const trusted = await trustedKeys(after.chain, await thumbprint(before.chain.root))
    const expected = [
      await thumbprint(before.chain.root),
      await nameOf(before.signingKey),
      ...names,
    ]
    expect([...(trusted?.keys() ?? [])]).toEqual(expected)
  })

  it.each(['root.json', 'deployment.json'])(
    'are never made anew where %s is lost',
    async (file) => {
      await keepKeys(folder)
      const kept = readFileSync(join(folder, file))
      rmSync(join(folder, file))
      await expect(keepKeys(folder)).rejects.toThrow(`${join(folder, file)} is missing.`)
      writeFileSync(join(folder, file), kept)
      await keepKeys(folder)
    },
  )
})
