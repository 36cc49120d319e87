/** Passkeys are registered by their person's browser, in two steps. What must not work ends by working. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Application } from '../support/application.ts'
import { addPasskey, beginPasskey, challengeFor, endPasskey } from '../support/passkey.ts'
import { virtualAuthenticator } from '../support/virtual-authenticator.ts'
import { type Deployment, clock, deployment, origin } from './deployment.ts'
import { accepted, errorOf, passkeyHolders, told } from './passkey-holders.ts'

let d: Deployment
let everything: Application
beforeAll(async () => {
  d = await deployment()
  everything = await d.newApplication('Everything', undefined, 'default')
})
const { someone, holder, policy, noPolicy } = passkeyHolders(
  () => d,
  () => everything,
)

let time: ReturnType<typeof clock> | null = null
afterEach(async () => {
  time?.stop()
  time = null
  await noPolicy()
})

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
