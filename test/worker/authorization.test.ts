/** Policies of scope authorization, each seen at the front door: which token, how often, after how long, and what is told of it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { finds, patternProblem } from '../../worker/policy/pattern.ts'
import { parseLimit, parseSpan, shownSpan } from '../../worker/policy/span.ts'
import { type Deployment, clock, deployment } from './deployment.ts'
import { hotpAt as code, otpSeed } from './seeds.ts'

let d: Deployment
let time: ReturnType<typeof clock>
beforeAll(async () => {
  time = clock()
  d = await deployment()
})
afterAll(() => time.stop())

const names = new Set<string>()
async function say(action: object, name = 'said') {
  names.add(name)
  const policy = { scope: 'authorization', realm: '', action }
  const written = await d.payroll.call('POST', `/policy/${name}`, policy)
  if (written.status !== 200) throw new Error(JSON.stringify(written.envelope))
}
afterEach(async () => {
  for (const name of names) await d.payroll.call('DELETE', `/policy/${name}`)
  names.clear()
})

let people = 0
async function someone(parameters: object = {}) {
  const user = await d.person(`authorized${++people}`, parameters)
  const body = { user, type: 'hotp', otpkey: otpSeed, otpkeyformat: 'hex', pin: 'pin' }
  const { envelope } = await d.payroll.call('POST', '/token/init', body)
  let counter = 0
  return {
    user,
    serial: envelope.detail?.serial ?? '',
    right: () => told({ user, pass: `pin${code(counter++)}` }),
    wrong: () => told({ user, pass: 'pin000000' }),
  }
}
async function told(parameters: object) {
  const { status, envelope } = await d.payroll.check(parameters)
  const { value, error } = envelope.result
  return error ? [status, error.code, error.message] : [value, envelope.detail?.message]
}
const accepted = [true, 'matching 1 tokens']

describe('which token', () => {
  it('tokentype: another type is refused in the words of the wire; what policies name adds up', async () => {
    const { right, user } = await someone()
    await say({ tokentype: 'totp push' })
    const refused = [403, 303, 'Tokentype not allowed for authentication!']
    expect(await right()).toEqual(refused)
    await say({ tokentype: 'hotp' }, 'more')
    expect(await right()).toEqual(accepted)
    // A device that may not answer is not rung.
    await d.payroll.call('DELETE', '/policy/said')
    const phone = await d.device(user, { pin: 'phone' })
    expect(await told({ user, pass: 'phone' })).toEqual(refused)
    expect(await phone.list()).toEqual([])
  })

  it('serial: the pattern must be found in it', async () => {
    const { right, serial } = await someone()
    await say({ serial: '^UBOM' })
    expect(await right()).toEqual([403, 303, 'Serial is not allowed for authentication!'])
    await say({ serial: `^(HOTP|TOTP)[0-9A-F]+$|^${serial}$` })
    expect(await right()).toEqual(accepted)
  })

  it('authorized: deny_access refuses what is right; a more important policy grants it', async () => {
    const { right, wrong } = await someone()
    const write = (name: string, priority: number, authorized: string) => {
      names.add(name)
      const policy = { scope: 'authorization', realm: '', priority, action: { authorized } }
      return d.payroll.call('POST', `/policy/${name}`, policy)
    }
    await write('deny', 2, 'deny_access')
    expect(await right()).toEqual([
      400,
      401,
      'ERR401: User is not authorized to authenticate under these conditions.',
    ])
    expect((await wrong())[0]).toBe(false)
    await write('grant', 1, 'grant_access')
    expect(await right()).toEqual(accepted)
  })
})

describe('how often', () => {
  it('auth_max_fail: so many failures in a time, and no more are looked at; counted from the owner’s object', async () => {
    const { right, wrong } = await someone()
    await say({ auth_max_fail: '2/1m' })
    for (let n = 0; n < 2; n++) expect((await wrong())[1]).toBe('wrong otp value')
    const refused = [false, 'Only 2 failed authentications per 0:01:00 allowed.']
    expect(await wrong()).toEqual(refused)
    const other = await someone()
    expect(await other.right()).toEqual(accepted)
    expect((await right())[1]).toBe(refused[1])
    time.forward(61)
    expect((await right())[0]).toBe(true)
  })

  it('auth_max_fail holds where a hundred guess at once', async () => {
    const { user } = await someone()
    await say({ auth_max_fail: '3/10m' })
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, n) => told({ user, pass: `pin00000${n % 10}` })),
    )
    expect(all.filter(([, message]) => message === 'wrong otp value')).toHaveLength(3)
  })

  it('auth_max_success: so many successes in a time, also where they come at once', async () => {
    const { right } = await someone()
    await say({ auth_max_success: '2/1m' })
    const all = [await right(), ...(await Promise.all([right(), right(), right()]))]
    expect(all.filter(([value]) => value === true).length).toBeLessThanOrEqual(2)
    expect(await right()).toEqual([false, 'Only 2 successful authentications per 0:01:00 allowed.'])
    time.forward(61)
    expect((await right())[0]).toBe(true)
  })

  it('last_auth: a token that was not used for too long is refused, in the words of the wire', async () => {
    const { right } = await someone()
    await say({ last_auth: '1h' })
    expect(await right()).toEqual(accepted)
    time.forward(3599)
    expect(await right()).toEqual(accepted)
    time.forward(3700)
    expect((await right())[1]).toMatch(
      /^The last successful authentication was \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+0000\. It is to long ago\.$/,
    )
    await say({ last_auth: '2h' })
    expect(await right()).toEqual(accepted)
  })
})

describe('what is told', () => {
  const detailOf = async (parameters: object) => (await d.payroll.check(parameters)).envelope.detail

  it('no_detail_on_success and no_detail_on_fail leave the outcome alone; a challenge keeps what it needs', async () => {
    const { user } = await someone()
    await d.device(user, { pin: 'phone' })
    await say({ no_detail_on_success: true, no_detail_on_fail: true })
    expect(await detailOf({ user, pass: `pin${code(0)}` })).toBeUndefined()
    expect(await detailOf({ user, pass: 'wrong' })).toBeUndefined()
    expect((await detailOf({ user, pass: 'phone' }))?.transaction_id).toBeDefined()
  })

  it('add_user_in_response and add_resolver_in_response tell a success of the person, and no failure', async () => {
    const { user } = await someone({
      givenname: 'Anna',
      surname: 'Berg',
      email: 'a@b.example',
      password: 'x',
    })
    await say({ add_user_in_response: true, add_resolver_in_response: true })
    const detail = await detailOf({ user, pass: `pin${code(0)}` })
    expect(detail).toMatchObject({
      user: {
        username: user,
        givenname: 'Anna',
        surname: 'Berg',
        email: 'a@b.example',
        password: '',
      },
      'user-resolver': 'local',
      'user-realm': 'default',
    })
    const failed = await detailOf({ user, pass: 'wrong' })
    expect(failed).not.toHaveProperty('user')
    expect(failed).not.toHaveProperty('user-resolver')
  })

  it('api_key_required of this scope refuses in the words of the wire', async () => {
    await d.set({ apiKeyRequired: 0 })
    const { user } = await someone()
    const nobody = d.payroll.as({})
    expect((await nobody.check({ user, pass: 'x' })).status).toBe(200)
    await say({ api_key_required: true })
    const refused = await nobody.check({ user, pass: 'x' })
    expect([refused.status, refused.envelope.result.error]).toEqual([
      403,
      { code: 303, message: 'No valid API key was passed.' },
    ])
    expect((await d.payroll.check({ user, pass: 'x' })).status).toBe(200)
    await d.set({ apiKeyRequired: 1 })
  })
})

describe('a pattern', () => {
  it.each([
    ['^PIPU', 'PIPU0001', true],
    ['^PIPU', 'XPIPU', false],
    ['PU0', 'PIPU0001', true],
    ['(HOTP|TOTP)\\d+$', 'TOTP0012', true],
    ['(HOTP|TOTP)\\d+$', 'TOTP00A2', false],
    ['^[A-Z]{4}[0-9a-fA-F]{8}$', 'HOTP00A2B3C4', true],
    ['^[^P]+$', 'HOTX', true],
    ['^a?b*c+$', 'bbc', true],
    ['^a.c$', 'abcd', false],
    ['\\bOATH\\b', 'x OATH y', true],
  ])('%s in %s: %s', (pattern, text, expected) => {
    expect(finds(pattern, text)).toBe(expected)
    expect(new RegExp(pattern).test(text)).toBe(expected)
  })

  it.each([
    '(a',
    'a)',
    '[a',
    '*',
    'a**',
    '(?=a)',
    '(a)\\1',
    'a{1000}',
    '((a{100}){100}){100}',
    '(((){100}){100}){100}',
    'a'.repeat(257),
  ])('is refused where it is none, or more than is needed: %s', (pattern) => {
    expect(patternProblem(pattern)).not.toBeNull()
    expect(finds(pattern, 'a')).toBe(false)
  })

  it('never goes back: what makes others slow for ever is done at once', () => {
    const startedAt = performance.now()
    for (const pattern of ['^(a+)+$', '(a|a)*b', '(a*)*c', '^(a|aa)+$'])
      finds(pattern, `${'a'.repeat(60)}!`)
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })

  it('limits and spans are as on the wire', () => {
    expect([
      parseLimit('2/1m'),
      parseLimit('2'),
      parseLimit('x/1m'),
      parseSpan('90d'),
      parseSpan('1w'),
    ]).toEqual([{ count: 2, seconds: 60 }, null, null, 7_776_000, null])
    expect([shownSpan(20), shownSpan(86_400), shownSpan(2 * 86_400 + 3661)]).toEqual([
      '0:00:20',
      '1 day, 0:00:00',
      '2 days, 1:01:01',
    ])
  })
})
