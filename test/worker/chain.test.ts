/** Which keys a device believes: the pinned root, and what it or a key after it has signed. */
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { type KeyChain, trustedKeys } from '../../schema/chain.ts'
import { KeysAnswer } from '../../schema/device.ts'
import { type PublicJwk, publicHalf, sign, thumbprint } from '../../schema/jws.ts'
import { typ } from '../../schema/signing.ts'
import * as v from 'valibot'
import { type Deployment, deployment } from './deployment.ts'
import { protocol } from './hostile.ts'

type Key = { key: CryptoKey; jwk: PublicJwk; kid: string }

async function newKey(): Promise<Key> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const pair = (await crypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const jwk = publicHalf((await crypto.subtle.exportKey('jwk', pair.publicKey)) as PublicJwk)
  return { key: pair.privateKey, jwk, kid: await thumbprint(jwk) }
}

const link = (signer: Key, { jwk }: Key, kind: string = typ.keyLink): Promise<string> =>
  sign(kind, { key: jwk, iat: 1_790_000_000 }, signer)

let root: Key, first: Key, second: Key, third: Key, stranger: Key
beforeAll(async () => {
  ;[root, first, second, third, stranger] = (await Promise.all(
    Array.from({ length: 5 }, newKey),
  )) as [Key, Key, Key, Key, Key]
})

const believed = async (chain: KeyChain, expectedRoot = root.kid) => {
  const trusted = await trustedKeys(chain, expectedRoot)
  return trusted && new Set(trusted.keys())
}
const kids = (...keys: Key[]) => new Set(keys.map(({ kid }) => kid))

describe('a chain', () => {
  it('of the root alone speaks for the root alone', async () => {
    expect(await believed({ root: root.jwk, links: [] })).toEqual(kids(root))
  })

  it('follows a rotation, each key signed by the one before, so that nobody is stranded', async () => {
    const links = [await link(root, first), await link(first, second), await link(second, third)]
    expect(await believed({ root: root.jwk, links })).toEqual(kids(root, first, second, third))
    const trusted = await trustedKeys({ root: root.jwk, links }, root.kid)
    expect(trusted?.get(second.kid)).toEqual(second.jwk)
    expect(await believed({ root: root.jwk, links: links.slice(0, 1) })).toEqual(kids(root, first))
  })

  it('may go on from the root, where a signing key was lost', async () => {
    const links = [await link(root, first), await link(root, second)]
    expect(await believed({ root: root.jwk, links })).toEqual(kids(root, first, second))
  })

  it('of another root is not believed', async () => {
    const links = [await link(stranger, first)]
    expect(await believed({ root: stranger.jwk, links })).toBeNull()
    expect(await believed({ root: stranger.jwk, links: [] })).toBeNull()
    expect(await believed({ root: stranger.jwk, links }, stranger.kid)).toEqual(
      kids(stranger, first),
    )
  })

  it('with a link that does not hold is not believed at all', async () => {
    const good = [await link(root, first), await link(first, second)]
    const [toFirst, toSecond] = good as [string, string]
    const [header, , signature] = toSecond.split('.')
    const otherClaims = toFirst.split('.')[1]
    const broken: Record<string, string[]> = {
      'signed by a stranger': [toFirst, await link(stranger, second)],
      'signed by a stranger in the name of the root': [
        await link({ ...stranger, kid: root.kid }, first),
      ],
      'out of order': [toSecond, toFirst],
      'with the one before left out': [toSecond],
      'of another kind': [toFirst, await link(first, second, typ.challenge)],
      'with other claims': [toFirst, `${header}.${otherClaims}.${signature}`],
      'with a changed signature': [toFirst, `${toSecond.slice(0, -8)}AAAAAAAA`],
      'that is none': [toFirst, 'nonsense'],
      'that is empty': [toFirst, ''],
      'followed by good ones': [await link(stranger, third), ...good],
    }
    for (const [what, links] of Object.entries(broken))
      expect(await believed({ root: root.jwk, links }), what).toBeNull()
    expect(await believed({ root: root.jwk, links: good })).toEqual(kids(root, first, second))
  })
})

describe('this deployment', () => {
  const keysOf = async ({ fetch }: Deployment) =>
    v.parse(KeysAnswer, await (await fetch('/device/keys', { headers: protocol })).json())

  it('serves a chain that ends in the key it signs with', async () => {
    const keys = await keysOf(await deployment())
    const trusted = await trustedKeys(keys, await thumbprint(keys.root))
    const signing = publicHalf(JSON.parse(env.SIGNING_KEY))
    expect(trusted?.get(await thumbprint(signing))).toEqual(signing)
    expect(JSON.stringify(keys)).not.toContain('"d"')
  })

  it('whose key was replaced is still believed by a device of before, and another one is not', async () => {
    const d = await deployment()
    const phone = await d.device(await d.person('rotated'))
    const before = await d.payroll.ask({ user: 'rotated' })
    expect(before.notified).toBe(true)

    const old = JSON.parse(env.SIGNING_KEY)
    const signer = {
      key: await crypto.subtle.importKey(
        'jwk',
        old,
        { name: 'ECDSA', namedCurve: 'P-256' },
        false,
        ['sign'],
      ),
      jwk: publicHalf(old),
      kid: await thumbprint(publicHalf(old)),
    }
    const chain = JSON.parse(env.KEY_CHAIN) as KeyChain
    const links = [...chain.links, await link(signer, first)]
    const rotated = await deployment({ KEY_CHAIN: JSON.stringify({ ...chain, links }) })
    const trusted = await trustedKeys(await keysOf(rotated), phone.rootThumbprint)
    expect(trusted?.has(first.kid)).toBe(true)
    // What was signed before the rotation still reads.
    const [open] = await phone.list()
    expect(open?.claims.account).toBe('rotated')

    const other = await deployment({
      KEY_CHAIN: JSON.stringify({ root: root.jwk, links: [await link(root, first)] }),
    })
    expect(await trustedKeys(await keysOf(other), phone.rootThumbprint)).toBeNull()
  })
})
