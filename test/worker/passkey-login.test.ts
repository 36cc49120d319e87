/** A login by a passkey: of whoever it is, once, and for nobody whom it is not of. What must not work ends by working. */
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { toBase64url, utf8 } from '../../schema/encoding.ts'
import type { Application } from '../support/application.ts'
import { addPasskey, beginPasskey, challengeFor, endPasskey } from '../support/passkey.ts'
import { virtualAuthenticator } from '../support/virtual-authenticator.ts'
import { newCustomer } from './customer.ts'
import { type Deployment, clock, costOf, deployment, origin } from './deployment.ts'
import { objectOf } from './object.ts'
import { accepted, errorOf, failed, passkeyHolders, told } from './passkey-holders.ts'

let d: Deployment
let everything: Application
let other: Application
beforeAll(async () => {
  d = await deployment({ DB_1: env.DB_1! })
  everything = await d.newApplication('Everything', undefined, 'default')
  other = await d.newApplication('Other')
})
const { someone, holder, act } = passkeyHolders(
  () => d,
  () => everything,
)

let time: ReturnType<typeof clock> | null = null
afterEach(() => {
  time?.stop()
  time = null
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

const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** @param bits of the last character: 16 and 32 stand for something, the others for nothing. */
const flippedAtEnd = (text: string, bits: number): string =>
  text.slice(0, -1) + base64url.charAt(base64url.indexOf(text.slice(-1)) ^ bits)
