/**
 * Devices that an isolate knows again by their header: only who has signed with the key gets in, so that nobody fills that memory with
 * what they made up, or pushes others out of it. From outside it shows in what a request costs: the key of a device that is not known
 * is read in.
 */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { toBase64url, utf8 } from '../../schema/encoding.ts'
import { headerOf } from '../../schema/jws.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, deployment } from './deployment.ts'
import { type Meter, meter } from './meter.ts'

let d: Deployment
let counts: Meter
/** Enrolled, and has asked for nothing yet. */
let phone: VirtualDevice
let other: VirtualDevice
let people = 0

beforeAll(async () => {
  d = await deployment()
})
beforeEach(async () => {
  phone = await d.device(await d.person(`known-${people++}`))
  other = await d.device(await d.person(`known-${people++}`))
  counts = await meter(d)
})
afterEach(() => vi.restoreAllMocks())

const path = '/device/challenges'
const list = async (jws: string): Promise<number> =>
  (await phone.call('GET', path, { authorization: `Countersign ${jws}` })).status
const answer = async (jws: string): Promise<number> =>
  (await phone.call('POST', '/device/answers', { body: JSON.stringify({ answer: jws }) })).status

/** @returns what came of it, and how many keys were read in for that. */
async function reads<T>(work: () => Promise<T>): Promise<{ given: T; imported: number }> {
  const { given, bill } = await counts.read(work)
  return { given, imported: bill.imported }
}
const importedBy = async (work: () => Promise<unknown>): Promise<number> =>
  (await reads(work)).imported

/** The same request under a header that says more: the device's id and key are its own. */
async function withHeader(more: object, key: CryptoKey | null): Promise<string> {
  const jws = await phone.signRequest('GET', path)
  const header = toBase64url(utf8(JSON.stringify({ ...headerOf(jws), ...more })))
  const signed = `${header}.${jws.split('.')[1]}`
  if (!key) return `${signed}.${'A'.repeat(86)}`
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
  const signature = await crypto.subtle.sign(algorithm, key, utf8(signed))
  return `${signed}.${toBase64url(new Uint8Array(signature))}`
}

describe('a device', () => {
  it('that has signed a request is known at the next', async () => {
    expect(await importedBy(() => phone.overview())).toBe(1)
    expect(await importedBy(() => phone.overview())).toBe(0)
    expect(await importedBy(() => other.overview())).toBe(1)
  })

  const wrong: Record<string, () => Promise<string>> = {
    'with no signature at all': () => withHeader({}, null),
    'signed by another device': () => withHeader({}, other.keys.privateKey),
    'signed for another address': () => phone.signRequest('GET', '/device/trials'),
    'signed for another server': () =>
      phone.signRequest('GET', path, { spoilt: { aud: 'https://evil.example' } }),
    'signed with another body': () => phone.signRequest('GET', path, { body: 'another' }),
    'signed long ago': () => phone.signRequest('GET', path, { spoilt: { iat: 1 } }),
  }
  it.each(Object.entries(wrong))('is not known by a request %s', async (_, make) => {
    const jws = await make()
    expect(await reads(() => list(jws))).toEqual({ given: 401, imported: 1 })
    expect(await reads(() => list(jws))).toEqual({ given: 401, imported: 1 })
    expect(await importedBy(() => phone.overview())).toBe(1)
    // Known now, it is refused like before, and stays known.
    expect(await reads(() => list(jws))).toEqual({ given: 401, imported: 0 })
    expect(await importedBy(() => phone.overview())).toBe(0)
  })

  it('is not known by an answer that it did not sign, and is by one that it did', async () => {
    const user = `known-${people - 2}`
    const asked = await d.payroll.ask({ user })
    const [open] = await phone.list()
    await phone.overview()
    const good = await phone.signAnswer(open!, { decision: 'approve', code: asked.code })
    const forged = good.replace(/[^.]*$/, 'A'.repeat(86))
    for (const _ of [1, 2])
      expect(await reads(() => answer(forged))).toEqual({ given: 401, imported: 1 })
    expect(await reads(() => answer(good))).toEqual({ given: 200, imported: 1 })
    expect(await reads(() => answer(good))).toEqual({ given: 200, imported: 0 })
    expect((await d.payroll.redeem({ user }, asked.transactionId)).envelope.result.value).toBe(true)
  })

  it('stays known, however many headers somebody makes up who has seen one', async () => {
    await phone.overview()
    await other.overview()
    const most = 1024
    const flood = await reads(async () => {
      const statuses = new Set<number>()
      for (let from = 0; from <= most; from += 128) {
        const some = Array.from({ length: 128 }, async (_, one) =>
          list(await withHeader({ made: from + one }, null)),
        )
        for (const status of await Promise.all(some)) statuses.add(status)
      }
      return [...statuses]
    })
    expect(flood.given).toEqual([401])
    expect(flood.imported).toBeGreaterThan(most)
    expect(await importedBy(() => phone.overview())).toBe(0)
    expect(await importedBy(() => other.overview())).toBe(0)
  })

  it('is known by nothing that is longer than what our app sends', async () => {
    const long = await withHeader({ made: 'x'.repeat(4096) }, phone.keys.privateKey)
    for (const _ of [1, 2])
      expect(await reads(() => list(long))).toEqual({ given: 200, imported: 1 })
    const short = await withHeader({ made: 'x' }, phone.keys.privateKey)
    expect(await reads(() => list(short))).toEqual({ given: 200, imported: 1 })
    expect(await reads(() => list(short))).toEqual({ given: 200, imported: 0 })
  })
})
