/** Policies of scope authentication, each seen at the front door: what a first factor is, who is let in without one, what a login says. */
import { until } from '../support/until.ts'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { audit } from '../../schema/tables.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, costOf, deployment } from './deployment.ts'
import { hotpAt as code, otpSeed } from './seeds.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
})

const names = new Set<string>()
async function say(action: object, more: { name?: string; scope?: string; realm?: string } = {}) {
  const { name = 'said', scope = 'authentication', realm = '', ...rest } = more
  names.add(name)
  const written = await d.payroll.call('POST', `/policy/${name}`, { scope, realm, action, ...rest })
  if (written.status !== 200) throw new Error(JSON.stringify(written.envelope))
}
afterEach(async () => {
  for (const name of names) await d.payroll.call('DELETE', `/policy/${name}`)
  names.clear()
})

let people = 0
const someone = (parameters: object = {}) => d.person(`policed${++people}`, parameters)
async function hotpToken(user: string, pin = ''): Promise<string> {
  const body = { user, type: 'hotp', otpkey: otpSeed, otpkeyformat: 'hex', pin }
  const { envelope } = await d.payroll.call('POST', '/token/init', body)
  return envelope.detail?.serial ?? ''
}
async function told(parameters: object) {
  const { status, envelope } = await d.payroll.check(parameters)
  const { value, authentication, error } = envelope.result
  return error
    ? [status, error.code, error.message]
    : [value, authentication, envelope.detail?.message]
}
async function failures(serial: string): Promise<number | undefined> {
  const { tokens } = (await d.payroll.token(serial)).envelope.result.value as {
    tokens: { failcount: number }[]
  }
  return tokens[0]?.failcount
}
const lastAudit = async (user: string) => {
  const rows = await d.db.select().from(audit)
  return rows.filter((row) => row.user === user).at(-1)
}
/** The one question that is open, once it is there. */
async function question(phone: VirtualDevice) {
  for (;;) {
    const [challenge] = await phone.list()
    if (challenge) return challenge
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const isChallenge = [false, 'CHALLENGE', expect.any(String)]
const wrongPin = [false, 'REJECT', 'wrong otp pin']
const accepted = [true, 'ACCEPT', 'matching 1 tokens']

describe('otppin', () => {
  it('none: the one-time password alone is right, and a PIN before it is wrong', async () => {
    const user = await someone()
    await hotpToken(user, 'pin')
    expect(await told({ user, pass: code(0) })).toEqual(wrongPin)
    await say({ otppin: 'none' })
    expect(await told({ user, pass: `pin${code(0)}` })).toEqual(wrongPin)
    expect(await told({ user, pass: code(0) })).toEqual(accepted)
    await say({ otppin: 'tokenpin' })
    expect(await told({ user, pass: code(1) })).toEqual(wrongPin)
    expect(await told({ user, pass: `pin${code(1)}` })).toEqual(accepted)
  })

  it('none: a device is asked without any PIN, whatever PIN it has', async () => {
    const user = await someone()
    await d.device(user, { pin: '4711' })
    await say({ otppin: 'none' })
    expect(await told({ user, pass: '4711' })).toEqual(wrongPin)
    expect(await told({ user, pass: '' })).toEqual(isChallenge)
  })

  it('userstore: the password of the resolver is the PIN, and no PIN is', async () => {
    const user = await someone({ password: 'correct horse' })
    await d.device(user, { pin: '4711' })
    await hotpToken(user, 'pin')
    await say({ otppin: 'userstore' })
    for (const pass of ['4711', '', `pin${code(0)}`, code(0)])
      expect([pass, (await told({ user, pass }))[0], (await told({ user, pass }))[1]]).toEqual([
        pass,
        false,
        'REJECT',
      ])
    expect(await told({ user, pass: 'correct horse' })).toEqual(isChallenge)
    expect(await told({ user, pass: `correct horse${code(0)}` })).toEqual(accepted)
    // Whoever has no password there cannot log in by it.
    const other = await someone()
    await d.device(other)
    expect(await told({ user: other, pass: '' })).toEqual(wrongPin)
    expect(await told({ user: other, pass: 'none' })).toEqual(wrongPin)
  })

  it('userstore: a changed password holds at once, and wrong ones are slowed as PINs are', async () => {
    const user = await someone({ password: 'before' })
    await d.device(user)
    await say({ otppin: 'userstore' })
    expect(await told({ user, pass: 'before' })).toEqual(isChallenge)
    const changed = await d.payroll.call('PUT', '/user/', {
      user,
      resolver: 'local',
      password: 'after',
    })
    expect(changed.status).toBe(200)
    expect(await told({ user, pass: 'before' })).toEqual(wrongPin)
    expect(await told({ user, pass: 'after' })).toEqual(isChallenge)
    const gateway = await d.newApplication('Gateway', ['check', 'origin_claimed'])
    const guess = async (pass: string) =>
      (await gateway.check({ user, pass, client: '198.51.100.8' })).envelope.detail?.message
    for (let n = 0; n < 5; n++) expect(await guess(`no ${n}`)).toBe('wrong otp pin')
    expect(await guess('after')).toMatch(/^Too many wrong tries/)
    expect(await told({ user, pass: 'after' })).toEqual(isChallenge)
  })

  it('userstore costs no statement of D1 once the person is known', async () => {
    const user = await someone({ password: 'known' })
    await d.device(user)
    await say({ otppin: 'userstore' })
    await told({ user, pass: 'known' })
    const { cost } = await costOf(d, () => told({ user, pass: 'known' }))
    expect(cost.d1).toBeLessThanOrEqual(1)
    expect(cost.objects).toBe(3)
  })
})

describe('passOnNoToken and passthru', () => {
  it('passOnNoToken lets in who has no token at all, in the words of the wire, and nobody else', async () => {
    const user = await someone()
    expect(await told({ user, pass: 'x' })).toEqual([
      false,
      'REJECT',
      'The user has no tokens assigned',
    ])
    await say({ passOnNoToken: true }, { name: 'pass_no' })
    expect(await told({ user, pass: 'x' })).toEqual([
      true,
      'ACCEPT',
      "user has no token, accepted due to 'pass_no'",
    ])
    expect(await lastAudit(user)).toMatchObject({ success: true, detail: { policy: 'pass_no' } })
    // Naming a token of somebody else's is not having none.
    const other = await someone()
    const serial = await hotpToken(other, 'pin')
    expect((await told({ user: other, serial: 'HOTP0', pass: 'x' }))[0]).toBe(false)
    expect((await told({ serial, pass: 'x' }))[0]).toBe(false)
    const office = await d.newApplication('Office')
    expect((await office.call('POST', '/token/disable', { serial })).status).toBe(200)
    expect((await told({ user: other, pass: 'x' }))[0]).toBe(false)
    expect((await told({ user: 'nobody-at-all', pass: 'x' }))[1]).toBe(904)
  })

  it('passthru lets in who has no token, with the password of the resolver', async () => {
    const user = await someone({ password: 'of the directory' })
    const refused = [false, 'REJECT', 'The user has no tokens assigned']
    expect(await told({ user, pass: 'of the directory' })).toEqual(refused)
    for (const passthru of ['userstore', true]) {
      await say({ passthru }, { name: 'pthru' })
      expect(await told({ user, pass: 'of the directory' })).toEqual([
        true,
        'ACCEPT',
        "against userstore due to 'pthru'",
      ])
      for (const pass of ['', 'wrong', 'none'])
        expect([pass, await told({ user, pass })]).toEqual([pass, refused])
    }
    await until('the trail', async () => (await lastAudit(user))?.success === false)
    // A token of the person's is asked from its first day on.
    await hotpToken(user, 'pin')
    expect(await told({ user, pass: 'of the directory' })).toEqual(wrongPin)
    expect(await told({ user, pass: `pin${code(0)}` })).toEqual(accepted)
  })

  it('passthru counts guesses before they are compared', async () => {
    const user = await someone({ password: 'of the directory' })
    await say({ passthru: 'userstore' })
    const gateway = await d.newApplication('Gateway', ['check', 'origin_claimed'])
    const guess = async (pass: string) =>
      (await gateway.check({ user, pass, client: '198.51.100.9' })).envelope.detail?.message
    for (let n = 0; n < 5; n++)
      expect(await guess(`no ${n}`)).toBe('The user has no tokens assigned')
    expect(await guess('of the directory')).toMatch(/^Too many wrong tries/)
    expect((await told({ user, pass: 'of the directory' }))[0]).toBe(true)
  })

  it('passthru to a RADIUS server is refused by its name when it is written', async () => {
    const write = (passthru: string) =>
      d.payroll.call('POST', '/policy/radius', {
        scope: 'authentication',
        realm: '',
        action: { passthru },
      })
    const refused = await write('radius-eu-1')
    expect([refused.status, refused.envelope.result.error?.message]).toEqual([
      400,
      expect.stringMatching(/'passthru' must be userstore: .*'radius-eu-1'/),
    ])
    expect((await write('userstore')).status).toBe(200)
    await d.payroll.call('DELETE', '/policy/radius')
  })
})

describe('passOnNoUser', () => {
  it('lets in whoever does not exist, in the words of the wire, and no one who does', async () => {
    const unknown = { user: `nobody${++people}`, pass: 'x' }
    expect((await told(unknown))[1]).toBe(904)
    await say({ passOnNoUser: true }, { name: 'pass_nobody' })
    expect(await told(unknown)).toEqual([
      true,
      'ACCEPT',
      "user does not exist, accepted due to 'pass_nobody'",
    ])
    expect(await lastAudit(unknown.user)).toMatchObject({
      success: true,
      detail: { policy: 'pass_nobody' },
    })
    const user = await someone()
    expect((await told({ user, pass: 'x' }))[0]).toBe(false)
    expect((await told({ serial: 'HOTP-none', pass: 'x' }))[1]).toBe(601)
  })

  it('only in the realms that the policy is about', async () => {
    await say({ passOnNoUser: true }, { realm: 'elsewhere' })
    expect((await told({ user: 'ghost', pass: 'x' }))[1]).toBe(904)
  })
})

describe('what a login says', () => {
  it('challenge_text_header and _footer stand around the texts; a header that opens a list makes one', async () => {
    const user = await someone()
    await d.device(user, { pin: 'pin' })
    await hotpToken(user, 'pin')
    await say({ challenge_response: 'hotp' }, { name: 'second' })
    const message = async () => (await told({ user, pass: 'pin' }))[2]
    const plain = await message()
    expect(plain).toMatch(/^Please confirm .*, please enter otp: $/)
    await say({ challenge_text: 'Now.', challenge_text_footer: 'Bye.' })
    expect(await message()).toBe('Now.')
    await say({
      challenge_text: 'Now.',
      challenge_text_header: 'Choose:',
      challenge_text_footer: 'Bye.',
    })
    expect(await message()).toBe('Choose:\nNow.\nBye.')
    await say({
      push_challenge_text: 'Phone',
      challenge_text: 'Code',
      challenge_text_header: 'Choose:<ul>',
      challenge_text_footer: '</ul>',
    })
    expect(await message()).toBe('Choose:<ul><li>Phone</li>\n<li>Code</li>\n</ul>')
  })

  it('preferred_client_mode: the first of the policy’s that is there, the usual order without', async () => {
    const user = await someone()
    await d.device(user, { pin: 'pin' })
    await hotpToken(user, 'pin')
    await say({ challenge_response: 'hotp' }, { name: 'second' })
    const preferred = async () =>
      (await d.payroll.check({ user, pass: 'pin' })).envelope.detail?.['preferred_client_mode']
    expect(await preferred()).toBe('interactive')
    await say({ preferred_client_mode: 'webauthn poll interactive' })
    expect(await preferred()).toBe('poll')
    await say({ preferred_client_mode: 'webauthn' })
    expect(await preferred()).toBe('interactive')
    const refused = await d.payroll.call('POST', '/policy/wrong', {
      scope: 'authentication',
      realm: '',
      action: { preferred_client_mode: 'poll carrier-pigeon' },
    })
    expect(refused.envelope.result.error?.message).toContain("'preferred_client_mode' must be of")
  })

  it('fills in every tag, at the login and on the device', async () => {
    const user = await someone({ givenname: 'Anna', surname: 'Berg' })
    const phone = await d.device(user)
    const tags = [
      'serial',
      'client_ip',
      'ua_string',
      'ua_browser',
      'tokentype',
      'user',
      'givenname',
    ]
    tags.push('surname', 'username', 'realm', 'userrealm', 'date', 'time')
    const template = tags.map((tag) => `{${tag}}`).join('|')
    await say({
      push_text_on_mobile: template,
      push_title_on_mobile: '{givenname} {serial}',
      push_challenge_text: `${template}|{presence_answer}|{challenge}|{unheard}`,
    })
    const gateway = await d.newApplication('Gateway', ['trigger', 'origin_claimed'])
    const asked = await gateway.call(
      'POST',
      '/validate/triggerchallenge',
      { user, client: '203.0.113.7', challenge: 'EUR 10' },
      { headers: { 'user-agent': 'privacyidea-keycloak/1.4 (Linux; {presence_answer})' } },
    )
    const own = [phone.serial, '203.0.113.7', 'privacyidea-keycloak/1.4 (Linux; {presence_answer})']
    own.push('privacyidea-keycloak', 'push', 'Anna', 'Anna', 'Berg', user, 'default', 'default')
    const [message, text] = [asked.envelope.detail?.message, (await question(phone)).claims.text]
    const parts = (message ?? '').split('|')
    expect(parts.slice(0, own.length)).toEqual(own)
    expect(parts.slice(own.length, own.length + 2)).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      expect.stringMatching(/^\d\d:\d\d:\d\d$/),
    ])
    // What a caller writes into its own name is not filled in once more.
    expect(parts.slice(-3)).toEqual([asked.envelope.detail?.presence_answer, 'EUR 10', '{unheard}'])
    expect(text?.split('|').slice(0, own.length)).toEqual(own)
    expect((await question(phone)).claims.title).toBe(`Anna ${phone.serial}`)
  })

  it.each(['push_text_on_mobile', 'push_title_on_mobile'])(
    '%s may not show what only the login shows',
    async (action) => {
      for (const tag of ['{presence_answer}', '{challenge}']) {
        const refused = await d.payroll.call('POST', '/policy/wrong', {
          scope: 'authentication',
          realm: '',
          action: { [action]: `Type ${tag}` },
        })
        expect(refused.status).toBe(400)
        expect(refused.envelope.result.error?.message).toContain(
          `'${action}' is shown on the device`,
        )
      }
      await say({ [action]: 'Sign in, {user}?' })
    },
  )
})

describe('fail counters', () => {
  it('increase_failcounter_on_challenge: each challenge counts for each token, until one is answered', async () => {
    const user = await someone()
    const phone = await d.device(user, { pin: '4711' })
    await say({ increase_failcounter_on_challenge: true })
    await told({ user, pass: '4711' })
    expect(await failures(phone.serial)).toBe(1)
    const asked = await d.payroll.ask({ user })
    expect(await failures(phone.serial)).toBe(2)
    const challenges = await phone.list()
    await phone.approve(challenges[0]!, asked.code)
    await d.payroll.redeem({ user }, asked.transactionId)
    expect(await failures(phone.serial)).toBe(0)
    for (let n = 0; n < 10; n++) await d.payroll.trigger({ user })
    expect(await told({ user, pass: '4711' })).toEqual([false, 'REJECT', 'Failcounter exceeded'])
  })

  it('reset_all_user_tokens: a success forgives the person’s other tokens, and only with the policy', async () => {
    const user = await someone()
    const [one, other] = [await hotpToken(user, 'one'), await hotpToken(user, 'two')]
    const fail = async () => void (await told({ user, pass: 'two000000' }))
    await fail()
    expect([await failures(one), await failures(other)]).toEqual([0, 1])
    expect(await told({ user, pass: `one${code(0)}` })).toEqual(accepted)
    expect(await failures(other)).toBe(1)
    await say({ reset_all_user_tokens: true })
    expect(await told({ user, pass: `one${code(1)}` })).toEqual(accepted)
    expect(await failures(other)).toBe(0)
  })
})
