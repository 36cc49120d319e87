/** Passkeys: registered by their person's browser, and a login of their own. What must not work ends by working. */
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sha256, toBase64url, utf8 } from '../../schema/encoding.ts'
import type { Application, Reply } from '../support/application.ts'
import { addPasskey, beginPasskey, challengeFor, endPasskey } from '../support/passkey.ts'
import { virtualAuthenticator } from '../support/virtual-authenticator.ts'
import { newCustomer } from './customer.ts'
import { type Deployment, clock, costOf, deployment, origin } from './deployment.ts'
import { objectOf } from './object.ts'

let d: Deployment
let everything: Application
let other: Application
let people = 0
beforeAll(async () => {
  d = await deployment({ DB_1: env.DB_1! })
  everything = await d.newApplication('Everything', undefined, 'default')
  other = await d.newApplication('Other')
})

let time: ReturnType<typeof clock> | null = null
afterEach(async () => {
  time?.stop()
  time = null
  await everything.call('DELETE', '/policy/passkeys')
})

const someone = () => d.person(`holder-${people++}`)
async function holder() {
  const user = await someone()
  return { user, passkey: await addPasskey(d.payroll, origin, { user }) }
}
const policy = async (scope: string, action: object) => {
  const { status } = await everything.call('POST', '/policy/passkeys', { scope, realm: '', action })
  expect(status).toBe(200)
}
const told = ({ envelope: { result, detail } }: Reply) => [result.authentication, detail?.message]
const accepted = ['ACCEPT', 'Found matching challenge']
const failed = ['REJECT', 'Authentication failed.']
const errorOf = ({ status, envelope }: Reply) => [status, envelope.result.error?.message]
const act = async (name: string, body: object) => {
  const { status, envelope } = await everything.call('POST', `/token/${name}`, body)
  expect([status, envelope.result.status]).toEqual([200, true])
}

describe('a registration', () => {
  it('asks the browser for a passkey that is found without a name, and asks for a finger, a face or a PIN', async () => {
    const user = await d.person('anna', { givenname: 'Anna', surname: 'Egger' })
    const { serial, transactionId, options } = await beginPasskey(d.payroll, { user })
    expect(serial).toMatch(/^PIPK[0-9A-F]{8}$/)
    expect(options).toMatchObject({
      challenge: transactionId,
      rp: { id: new URL(origin).hostname },
      user: { name: 'anna', displayName: 'Anna Egger' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      excludeCredentials: [],
    })
    expect(options.user.id).toMatch(/^[\w-]{43}$/)
    const finger = await virtualAuthenticator(origin)
    const made = await finger.register(options.challenge)
    const done = await endPasskey(d.payroll, { serial, transactionId }, made)
    expect(done.envelope.detail).toMatchObject({ serial, rollout_state: 'enrolled' })
    const { envelope } = await d.payroll.token(serial)
    const [listed] = (envelope.result.value as { tokens: object[] }).tokens
    expect(listed).toMatchObject({ tokentype: 'passkey', username: 'anna', active: true })

    // The second excludes the first, and is the same account to an authenticator; nobody else is.
    const second = (await beginPasskey(d.payroll, { user })).options
    expect(second.excludeCredentials).toMatchObject([{ id: finger.id }])
    expect(second.user.id).toBe(options.user.id)
    const others = (await beginPasskey(d.payroll, { user: await someone() })).options
    expect([others.user.id === options.user.id, others.excludeCredentials]).toEqual([false, []])
  })

  it('takes what was made here, for this challenge and by a verified person, and nothing else', async () => {
    const user = await someone()
    const begun = await beginPasskey(d.payroll, { user })
    const others = await beginPasskey(d.payroll, { user: await someone() })
    const { challenge } = begun.options
    const finger = await virtualAuthenticator(origin)
    for (const wrong of [
      await finger.register(challenge, { userVerified: false }),
      await finger.register(challenge, { origin: 'https://evil.example' }),
      await finger.register(challenge, { rpId: 'evil.example' }),
      await finger.register(others.options.challenge),
    ])
      expect(errorOf(await endPasskey(d.payroll, begun, wrong))).toEqual([
        400,
        expect.stringContaining("'attestationObject' is not what"),
      ])
    const right = await finger.register(challenge)
    for (const transactionId of [others.transactionId, await challengeFor(d.payroll), 'AAAA'])
      expect(errorOf(await endPasskey(d.payroll, { ...begun, transactionId }, right))).toEqual([
        400,
        expect.stringContaining("'transaction_id' is not of this registration"),
      ])
    const named = { user: await someone() }
    expect((await endPasskey(d.payroll, begun, right, named)).status).toBe(404)
    expect((await endPasskey(d.payroll, begun, right, { user })).status).toBe(200)
    expect((await endPasskey(d.payroll, begun, right)).status).toBe(404)
  })

  it('is over after its time, and gives way to a later one', async () => {
    const user = await someone()
    const first = await beginPasskey(d.payroll, { user })
    const finger = await virtualAuthenticator(origin)
    const early = await finger.register(first.options.challenge)
    time = clock()
    time.forward(601)
    expect(errorOf(await endPasskey(d.payroll, first, early))[0]).toBe(400)
    const second = await beginPasskey(d.payroll, { user })
    expect((await endPasskey(d.payroll, first, early)).status).toBe(404)
    const late = await finger.register(second.options.challenge)
    expect((await endPasskey(d.payroll, second, late)).status).toBe(200)
  })

  it('takes a credential once, whoever brings it', async () => {
    const { passkey } = await holder()
    const user = await someone()
    const begun = await beginPasskey(d.payroll, { user })
    const again = await passkey.finger.register(begun.options.challenge)
    expect(errorOf(await endPasskey(d.payroll, begun, again))).toEqual([
      400,
      "ERR905: Parameter 'credential_id' is registered already",
    ])
    const own = await (await virtualAuthenticator(origin)).register(begun.options.challenge)
    expect((await endPasskey(d.payroll, begun, own)).status).toBe(200)
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
  })

  it('names what is wrong with a request', async () => {
    const user = await someone()
    const init = async (body: object) =>
      errorOf(await d.payroll.call('POST', '/token/init', { type: 'passkey', ...body }))
    expect(await init({})).toEqual([400, "ERR905: Missing parameter: 'user'"])
    expect((await init({ user: 'nobody-is-called-so' }))[0]).toBe(400)
    expect(await init({ user, pin: '1234' })).toEqual([400, expect.stringContaining("'pin' goes")])
    const begun = await beginPasskey(d.payroll, { user })
    const made = await (await virtualAuthenticator(origin)).register(begun.options.challenge)
    for (const [name, value] of [
      ['credential_id', '!'],
      ['attestationObject', 'A'],
      ['clientDataJSON', ''],
    ] as const)
      expect(errorOf(await endPasskey(d.payroll, begun, made, { [name]: value }))).toEqual([
        400,
        expect.stringContaining(`'${name}'`),
      ])
    expect((await endPasskey(d.payroll, begun, made)).status).toBe(200)
  })

  it('keeps to the limits, which what nobody finished does not fill', async () => {
    await policy('enrollment', { passkey_max_token_per_user: 1 })
    const user = await someone()
    await beginPasskey(d.payroll, { user })
    const passkey = await addPasskey(d.payroll, origin, { user })
    const more = await d.payroll.call('POST', '/token/init', { type: 'passkey', user })
    expect(errorOf(more)).toEqual([403, expect.stringContaining('passkey')])
    await everything.call('DELETE', `/token/${passkey.serial}`)
    await addPasskey(d.payroll, origin, { user })
  })
})

describe('a login', () => {
  it('needs no name, and says whose it was', async () => {
    const { user, passkey } = await holder()
    const { envelope } = await d.payroll.call('GET', '/validate/initialize?type=passkey')
    expect(envelope.result).toMatchObject({ authentication: 'CHALLENGE', value: false })
    const { transaction_id: challenge } = envelope.detail!
    expect(envelope.detail).toMatchObject({
      passkey: {
        ...{ challenge, transaction_id: challenge, rpId: new URL(origin).hostname },
        ...{ message: 'Please authenticate with your passkey!', user_verification: 'required' },
      },
    })
    const answer = await d.payroll.check(await passkey.signed(challenge!))
    expect(told(answer)).toEqual(accepted)
    expect(answer.envelope.detail).toMatchObject({
      ...{ username: user, realm: 'default', serial: passkey.serial, type: 'passkey' },
    })
  })

  it('takes the challenge as its text too, as privacyIDEA’s pages have it signed, and older names', async () => {
    const { passkey } = await holder()
    const challenge = await challengeFor(d.payroll)
    const given = await passkey.signed(toBase64url(utf8(challenge)))
    const answer = await d.payroll.check({
      transaction_id: challenge,
      credentialid: given.credential_id,
      clientdata: given.clientDataJSON,
      authenticatordata: given.authenticatorData,
      signaturedata: given.signature,
      userhandle: given.userHandle,
    })
    expect(told(answer)).toEqual(accepted)
  })

  it('lets in once: of ten at the same instant exactly one, and none after the object was torn down', async () => {
    const { passkey } = await holder()
    const given = await passkey.signed(await challengeFor(d.payroll))
    const answers = await Promise.all(Array.from({ length: 10 }, () => d.payroll.check(given)))
    const words = answers.map((answer) => told(answer)[0])
    expect(words.filter((word) => word === 'ACCEPT')).toHaveLength(1)
    await (await objectOf(d, passkey.serial)).evict()
    const again = ['REJECT', 'The challenge was used before. Ask for a new one.']
    expect(told(await d.payroll.check(given))).toEqual(again)
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
  })

  it('is refused where anything of what was signed is another’s, and burns nothing', async () => {
    const { passkey } = await holder()
    const stranger = (await holder()).passkey
    const challenge = await challengeFor(d.payroll)
    const { signed } = passkey
    const good = await signed(challenge)
    const foreign = await stranger.signed(challenge)
    const wrongs = {
      'another origin': await signed(challenge, { origin: 'https://evil.example' }),
      'another port': await signed(challenge, { origin: `${origin}:444` }),
      'another relying party': await signed(challenge, { rpId: 'evil.example' }),
      'a frame': await signed(challenge, { crossOrigin: true }),
      'nobody verified': await signed(challenge, { userVerified: false }),
      'another’s handle': { ...good, userHandle: foreign.userHandle },
      'another’s signature': { ...good, signature: foreign.signature },
      'another’s credential': { ...good, credential_id: foreign.credential_id },
      'another challenge': {
        ...(await signed(await challengeFor(d.payroll))),
        transaction_id: challenge,
      },
      'no JSON': { ...good, clientDataJSON: toBase64url(utf8('{')) },
      'what made it': {
        ...good,
        clientDataJSON: (await passkey.finger.register(challenge)).response.clientDataJSON,
      },
    }
    for (const [name, wrong] of Object.entries(wrongs)) {
      const { given, cost } = await costOf(d, () => d.payroll.check(wrong))
      expect([name, ...told(given)]).toEqual([name, ...failed])
      expect([name, cost.objects]).toEqual([name, 0])
    }
    const { userHandle: _, ...without } = good
    expect(errorOf(await d.payroll.check(without))).toEqual([
      400,
      "ERR905: Missing parameter: 'userHandle'",
    ])
    const unknown = await d.payroll.check({ ...good, credential_id: 'AAAA' })
    expect(told(unknown)).toEqual([
      'REJECT',
      'No token found for the given credential ID or transaction ID!',
    ])
    expect(told(await d.payroll.check(good))).toEqual(accepted)
  })

  it('is answered calmly whatever stands in its parts', async () => {
    const { passkey } = await holder()
    const challenge = await challengeFor(d.payroll)
    const good = await passkey.signed(challenge)
    const begun = await beginPasskey(d.payroll, { user: await someone() })
    const finger = await virtualAuthenticator(origin)
    const made = await finger.register(begun.options.challenge)
    const noise = (bytes: number) => toBase64url(crypto.getRandomValues(new Uint8Array(bytes)))
    const json = ['null', '[]', '1', '{"challenge":1}', '{"type":"webauthn.get"}', '"']
    const garbage = [
      ...['!', 'A', '=', '\u0000', 'A'.repeat(16_385), noise(1), noise(37), noise(12_000)],
      ...json.map((text) => toBase64url(utf8(text))),
    ]
    const parts = ['credential_id', 'clientDataJSON', 'authenticatorData', 'signature'] as const
    for (const value of garbage) {
      for (const name of [...parts, 'userHandle', 'transaction_id']) {
        const { status, envelope } = await d.payroll.check({ ...good, [name]: value })
        expect([name, value.slice(0, 40), status]).toEqual([
          name,
          value.slice(0, 40),
          status < 300 ? 200 : 400,
        ])
        expect(envelope.result.value ?? false).toBe(false)
      }
      for (const name of ['credential_id', 'clientDataJSON', 'attestationObject', 'transaction_id'])
        expect((await endPasskey(d.payroll, begun, made, { [name]: value })).status).toBe(400)
    }
    expect((await endPasskey(d.payroll, begun, made)).status).toBe(200)
    expect(told(await d.payroll.check(good))).toEqual(accepted)
  })

  it('is for the application that began it, in its time, and for no other customer', async () => {
    const { user, passkey } = await holder()
    const over = ['REJECT', 'The challenge is unknown or over. Ask for a new one.']
    const given = await passkey.signed(await challengeFor(d.payroll))
    expect(told(await other.check(given))).toEqual(over)
    const acme = await newCustomer(d, { id: 'acme', name: 'Acme', database: 0 })
    const beta = await newCustomer(d, { id: 'beta', name: 'Beta', database: 1 })
    for (const { payroll } of [acme, beta]) {
      expect(told(await payroll.check(given))[1]).toContain('No token found')
      const theirs = await passkey.signed(await challengeFor(payroll))
      expect(told(await payroll.check(theirs))[1]).toContain('No token found')
      expect(told(await d.payroll.check(theirs))).toEqual(over)
      // The same name there is somebody else, and the same authenticator another passkey.
      await payroll.createUser({ user })
      const namesake = await addPasskey(payroll, origin, { user })
      expect(namesake.userHandle).not.toBe(passkey.userHandle)
      expect(told(await namesake.login(payroll))).toEqual(accepted)
      expect(told(await namesake.login(d.payroll))[1]).toContain('No token found')
    }
    // Another challenge, and another text for the same one.
    for (const bits of [16, 1]) {
      const spoilt = flippedAtEnd(given.transaction_id, bits)
      expect(told(await d.payroll.check(await passkey.signed(spoilt)))).toEqual(over)
    }
    time = clock()
    time.forward(121)
    expect(told(await d.payroll.check(given))).toEqual(over)
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
  })

  it('refuses a counter that does not grow, whatever D1 and the object have forgotten', async () => {
    const { passkey } = await holder()
    const object = await objectOf(d, passkey.serial)
    const login = async (counter: number) => told(await passkey.login(d.payroll, { counter }))
    expect(await login(0)).toEqual(accepted)
    expect(await login(7)).toEqual(accepted)
    await act('description', { serial: passkey.serial, description: 'read again of D1' })
    for (const counter of [7, 6, 0]) expect(await login(counter)).toEqual(failed)
    await object.evict()
    expect(await login(7)).toEqual(failed)
    expect(await login(8)).toEqual(accepted)
  })

  it('counts from where it was registered, although its person added a device and signed in meanwhile', async () => {
    const user = await someone()
    const meanwhile = async () => {
      const phone = await d.device(user)
      const { transactionId, code } = await d.payroll.ask({ user })
      await phone.approve((await phone.list())[0]!, code)
      const { envelope } = await d.payroll.redeem({ user }, transactionId)
      expect(envelope.result.value).toBe(true)
    }
    const passkey = await addPasskey(d.payroll, origin, { user }, { counter: 5, meanwhile })
    const login = async (counter: number) => told(await passkey.login(d.payroll, { counter }))
    for (const counter of [5, 4, 1]) expect(await login(counter)).toEqual(failed)
    expect(await login(6)).toEqual(accepted)
  })

  it('is of the person that the application has before it, where it names one', async () => {
    const { user, passkey } = await holder()
    const stranger = await someone()
    const notTheirs = ['REJECT', 'The passkey is not of this user.']
    for (const more of [{ user: stranger }, { user: 'nobody-is-called-so' }, { serial: 'PIPK0' }])
      expect(told(await passkey.login(d.payroll, {}, more))).toEqual(notTheirs)
    const more = { user: user.toUpperCase(), serial: passkey.serial, pass: '' }
    expect(told(await passkey.login(d.payroll, {}, more))).toEqual(accepted)
  })
})

describe('a passkey that is good no more', () => {
  it.each([
    ['disabled', 'disable', {}, 'enable', {}, 'No suitable token found for authentication.'],
    [
      'out of its time',
      'set',
      { validity_period_end: '2026-01-01T00:00+0000' },
      'set',
      { validity_period_end: '' },
      'No suitable token found for authentication.',
    ],
    [
      'used as often as it may be',
      'set',
      { count_auth_success_max: 1 },
      'set',
      { count_auth_success_max: 0 },
      'Authentication counter exceeded',
    ],
  ] as const)(
    '%s, lets nobody in until it is good again',
    async (_, how, body, back, good, why) => {
      const { passkey } = await holder()
      const { serial } = passkey
      expect(told(await passkey.login(d.payroll))).toEqual(accepted)
      const before = await passkey.signed(await challengeFor(d.payroll))
      await act(how, { serial, ...body })
      expect(told(await d.payroll.check(before))).toEqual(['REJECT', why])
      await act(back, { serial, ...good })
      expect(told(await d.payroll.check(before))).toEqual(accepted)
    },
  )

  it('is locked by nobody’s guesses, neither at PINs nor at signatures', async () => {
    const { user, passkey } = await holder()
    const phone = await d.device(user, { pin: '1234' })
    const object = await objectOf(d, passkey.serial)
    await d.set({ countWrongPins: 1 })
    await d.payroll.check({ user, pass: 'no PIN of theirs' })
    await d.set({ countWrongPins: 0 })
    for (let tries = 0; tries < 11; tries++)
      expect(told(await passkey.login(d.payroll, { userVerified: false }))).toEqual(failed)
    const counted = await object.rows('select serial from counter where failCount > 0')
    expect(counted).toEqual([{ serial: phone.serial }])
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
  })

  it('revoked or deleted, lets nobody in ever again, and another does', async () => {
    const { user, passkey } = await holder()
    const second = await addPasskey(d.payroll, origin, { user })
    await act('revoke', { serial: passkey.serial })
    expect(told(await passkey.login(d.payroll))[0]).toBe('REJECT')
    expect((await everything.call('DELETE', `/token/${second.serial}`)).status).toBe(200)
    expect(told(await second.login(d.payroll))[1]).toContain('No token found')
    const third = await addPasskey(d.payroll, origin, { user })
    expect(told(await third.login(d.payroll))).toEqual(accepted)
  })

  it('of somebody who is gone, or whose realm is, lets nobody in', async () => {
    const { user, passkey } = await holder()
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
    const realm = '/realm/default'
    await everything.call('POST', '/resolver/elsewhere', { type: 'local' })
    await everything.call('POST', realm, { resolvers: 'elsewhere' })
    expect(told(await passkey.login(d.payroll))[0]).toBe('REJECT')
    await everything.call('POST', realm, { resolvers: 'local' })
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
    const late = await passkey.signed(await challengeFor(d.payroll))
    expect((await everything.call('DELETE', `/user/local/${user}`)).status).toBe(200)
    expect(told(await d.payroll.check(late))).toEqual([
      'REJECT',
      'No user found for the token with the given credential ID!',
    ])
    const { passkey: another } = await holder()
    expect(told(await another.login(d.payroll))).toEqual(accepted)
  })

  it('stays with its person: it is assigned to nobody else', async () => {
    const { user, passkey } = await holder()
    const { serial } = passkey
    const assigned = await everything.call('POST', '/token/assign', {
      serial,
      user: await someone(),
    })
    const unassigned = await everything.call('POST', '/token/unassign', { serial })
    for (const refused of [assigned, unassigned])
      expect(errorOf(refused)).toEqual([400, expect.stringContaining("'serial' is a passkey")])
    const totp = { type: 'totp', genkey: 1, user }
    expect((await everything.call('POST', '/token/init', totp)).status).toBe(200)
    expect((await everything.call('POST', '/token/unassign', { user })).status).toBe(200)
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
  })
})

describe('beside everything else', () => {
  it('it is asked by no trigger and answers no PIN', async () => {
    const { user, passkey } = await holder()
    expect((await d.payroll.trigger({ user })).envelope.result.value).toBe(0)
    for (const about of [{ user }, { serial: passkey.serial }])
      expect(told(await d.payroll.check({ ...about, pass: '1234' }))).toEqual([
        'REJECT',
        'No suitable token found for authentication.',
      ])
    const phone = await d.device(user)
    const asked = await d.payroll.ask({ user })
    const [open] = await phone.list()
    await phone.approve(open!, asked.code)
    expect((await d.payroll.redeem({ user }, asked.transactionId)).envelope.result.value).toBe(true)
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
  })

  it('what confirms a device’s answer is no passkey, and a passkey confirms no answer', async () => {
    const { user, passkey } = await holder()
    const phone = await d.device(user)
    const finger = await virtualAuthenticator(origin)
    const send = async (method: string, path: string, body: object) =>
      phone.call(method, path, { body: JSON.stringify(body) })
    const offer = (await (await phone.call('POST', '/device/verifier/options')).json()) as {
      challenge: string
    }
    const begun = await beginPasskey(d.payroll, { user })
    // Neither registration is taken for the other.
    const asPasskey = await finger.register(begun.options.challenge)
    expect((await send('PUT', '/device/verifier', { response: asPasskey })).status).toBe(401)
    const asVerifier = await finger.register(offer.challenge)
    expect((await endPasskey(d.payroll, begun, asVerifier)).status).toBe(400)
    expect((await send('PUT', '/device/verifier', { response: asVerifier })).status).toBe(200)

    const { userHandle } = passkey
    const challenge = await challengeFor(d.payroll)
    const { id, response } = await finger.assert(challenge, { userHandle })
    const given = { transaction_id: challenge, credential_id: id, ...response }
    expect(told(await d.payroll.check(given))[1]).toContain('No token found')

    await d.set({ userVerification: 1 })
    const asked = await d.payroll.ask({ user })
    const [open] = await phone.list()
    const answer = await phone.signAnswer(open!, { decision: 'approve', code: asked.code })
    const confirmed = async (by: typeof finger) => {
      const assertion = await by.assert(await sha256(answer), { userHandle })
      const response = await d.fetch('/device/answers', {
        method: 'POST',
        headers: { 'Countersign-Protocol': '1' },
        body: JSON.stringify({ answer, assertion }),
      })
      return response.status
    }
    expect(await confirmed(passkey.finger)).toBe(401)
    expect(await confirmed(finger)).toBe(200)
    await d.set({ userVerification: 0 })
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
  })

  it('policies say who is let in by it, how often, and what the login says', async () => {
    const { passkey } = await holder()
    await policy('authorization', { tokentype: 'push totp' })
    const refused = await passkey.login(d.payroll)
    expect([refused.status, refused.envelope.result.error?.code]).toEqual([403, 303])
    await policy('authorization', { tokentype: 'passkey', auth_max_success: '1/1m' })
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
    expect(told(await passkey.login(d.payroll))[1]).toContain('Only 1 successful')
    time = clock()
    time.forward(61)
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
    await policy('authentication', { passkey_challenge_text: 'Hold your key ready' })
    const { envelope } = await d.payroll.call('POST', '/validate/initialize', { type: 'passkey' })
    expect(envelope.detail?.['passkey']).toMatchObject({ message: 'Hold your key ready' })
    const unknown = { scope: 'authentication', action: { passkey_trigger_by_pin: true } }
    expect(errorOf(await everything.call('POST', '/policy/passkeys', unknown))).toEqual([
      400,
      expect.stringContaining('passkey_trigger_by_pin'),
    ])
  })

  it('each login stands in the trail, with the reason where it was refused', async () => {
    const { user, passkey } = await holder()
    await passkey.login(d.payroll, { userVerified: false })
    await passkey.login(d.payroll)
    const { envelope } = await everything.call('GET', `/audit/?user=${user}&action=check`)
    const { auditdata } = envelope.result.value as { auditdata: Record<string, unknown>[] }
    const rows = auditdata.map(({ success, serial }) => [Boolean(success), serial])
    expect(rows).toEqual(
      expect.arrayContaining([
        [false, passkey.serial],
        [true, passkey.serial],
      ]),
    )
  })
})

const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** @param bits of the last character: 16 and 32 stand for something, the others for nothing. */
const flippedAtEnd = (text: string, bits: number): string =>
  text.slice(0, -1) + base64url.charAt(base64url.indexOf(text.slice(-1)) ^ bits)
