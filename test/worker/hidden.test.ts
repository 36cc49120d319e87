/**
 * hide_specific_error_message: a caller that nobody knows cannot tell, by the answer or by the work done, who exists, who has
 * which token, and in what state it is. Work is counted, not timed: statements of D1, calls of objects, hashes.
 */
import { env } from 'cloudflare:workers'
import { runInDurableObject } from 'cloudflare:test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownerIdOf } from '../../worker/crypto/owner.ts'
import { deploymentOf } from '../../worker/env.ts'
import { hashes } from '../../worker/factor/hash.ts'
import { application } from '../support/application.ts'
import { type Deployment, clock, costOf, deployment, origin } from './deployment.ts'
import { hotpAt, otpSeed } from './seeds.ts'

let d: Deployment
let time: ReturnType<typeof clock>
/** Each of them somebody, or nobody, whom a stranger asks about. */
const whom: Record<string, object> = {}
beforeAll(async () => {
  d = await deployment()
  await d.set({ apiKeyRequired: 0 })
  const otp = async (user: string, pin: string) => {
    const body = { user, type: 'hotp', otpkey: otpSeed, otpkeyformat: 'hex', pin }
    return (await d.payroll.call('POST', '/token/init', body)).envelope.detail?.serial ?? ''
  }
  const office = await d.newApplication('Office')
  const act = (action: string, serial: string) =>
    office.call('POST', `/token/${action}`, { serial, max_failcount: 1 })
  await d.person('no-token')
  await d.device(await d.person('with-pin'), { pin: '4711' })
  await d.device(await d.person('without-pin'))
  const many = await d.person('many')
  await d.device(many, { pin: '1111' })
  await d.device(many, { pin: '2222' })
  const serial = await otp(many, '3333')
  await act('disable', await otp(await d.person('disabled'), 'pin'))
  await act('revoke', await otp(await d.person('revoked'), 'pin'))
  const locked = await otp(await d.person('locked'), 'pin')
  await act('set', locked)
  await d.payroll.check({ user: 'locked', pass: 'pin000000' })
  for (const user of [
    'nobody',
    'no-token',
    'with-pin',
    'without-pin',
    'many',
    'disabled',
    'revoked',
    'locked',
  ])
    whom[user] = { user }
  whom['nowhere'] = { user: 'with-pin', realm: 'nowhere' }
  whom['a serial'] = { serial }
  whom['no serial'] = { serial: 'HOTP-none' }
  // What an isolate remembers it has looked up once before.
  for (const one of Object.values(whom)) await stranger().check({ ...one, pass: 'x' })
  // The epoch is read once a second, and no second passes.
  time = clock()
  await stranger().check({ user: 'nobody', pass: 'x' })
}, 60_000)
afterAll(() => time.stop())

const stranger = () => application({ url: origin, fetch: d.fetch })

async function asked(parameters: object) {
  const before = hashes.made
  const { given, cost } = await costOf(d, () => stranger().check(parameters))
  const { status, envelope } = given
  const { result, detail } = envelope
  return {
    status,
    result,
    message: detail?.message,
    keys: Object.keys(detail ?? {}),
    ...cost,
    hashed: hashes.made - before,
  }
}
const keptIn = async (name: string, realm: string) => {
  const { master } = await deploymentOf(d.env)
  const id = await ownerIdOf(master, { kind: 'nobody', customer: 'default', name, realm }, 0)
  const stub = env.COORDINATOR.get(env.COORDINATOR.idFromName(id))
  return runInDurableObject(stub, (_, { storage }) =>
    storage.sql
      .exec("select name from sqlite_master where name not like '\\_cf%' escape '\\'")
      .toArray(),
  )
}

describe('a stranger who checks', () => {
  it.each(['', 'wrong', '123456', 'wrong12345'])(
    '%j is told the same of everybody, for the same work',
    async (pass) => {
      const told: Record<string, unknown> = {}
      for (const [name, one] of Object.entries(whom)) {
        const { d1, ...rest } = await asked({ ...one, pass })
        // A serial takes one statement more than a name, whoever's it is.
        told[name] = { ...rest, d1: d1 - ('serial' in one ? 1 : 0) }
      }
      const first = told['nobody']
      expect(first).toMatchObject({
        status: 200,
        result: { value: false, authentication: 'REJECT' },
        message: 'Authentication failed.',
      })
      expect(told).toEqual(Object.fromEntries(Object.keys(whom).map((name) => [name, first])))
    },
  )

  it('leaves nothing behind in the object of a name that nobody has', async () => {
    for (let n = 0; n < 8; n++) await asked({ user: 'made-up', pass: `guess ${n}` })
    expect(await keptIn('made-up', 'default')).toEqual([])
  })

  it('is let in with what is right, all the same', async () => {
    const right = await stranger().check({ user: 'many', pass: `3333${hotpAt(0)}` })
    expect(right.envelope.result).toMatchObject({ value: true, authentication: 'ACCEPT' })
    const ringing = await stranger().check({ user: 'with-pin', pass: '4711' })
    expect(ringing.envelope.result.authentication).toBe('CHALLENGE')
  })

  it('learns nothing of transactions that are not, and wakes no object for them', async () => {
    for (const id of ['1', 'A'.repeat(60), '02437153556435182584']) {
      const redeemed = await asked({ user: 'with-pin', pass: '', transaction_id: id })
      const unknown = await asked({ user: 'nobody', pass: '', transaction_id: id })
      expect([redeemed.message, redeemed.objects]).toEqual(['Authentication failed.', 0])
      expect({ ...unknown, d1: 0 }).toEqual({ ...redeemed, d1: 0 })
      const { given, cost } = await costOf(d, () => stranger().poll(id))
      expect([given.envelope.detail?.challenge_status, cost.objects]).toEqual(['pending', 0])
    }
  })

  it('gets an empty 400 at radiuscheck, whoever it is', async () => {
    for (const one of Object.values(whom)) {
      const response = await stranger().raw('POST', '/validate/radiuscheck', { ...one, pass: 'x' })
      expect([response.status, await response.text()]).toEqual([400, ''])
    }
  })
})

describe('an application with a key', () => {
  it('is told what is wrong, in the words of the wire', async () => {
    const told = async (parameters: object) => {
      const { envelope } = await d.payroll.check(parameters)
      return envelope.result.error?.code ?? envelope.detail?.message
    }
    expect(await told({ user: 'nobody', pass: 'x' })).toBe(904)
    expect(await told({ user: 'locked', pass: 'x' })).toBe('Failcounter exceeded')
    expect(await told({ user: 'with-pin', pass: 'x' })).toBe('wrong otp pin')
  })
})
