/**
 * FreeRADIUS from Debian with its Perl module, asked by radclient: the whole way of a VPN login. What the module sends and
 * reads is in test/support/freeradius.pl.
 */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Freeradius, hasFreeradius, startFreeradius } from '../support/freeradius.ts'
import { type Desk, firstOf, openDesk } from './desk.ts'
import { pause } from './wire.ts'

describe.skipIf(!hasFreeradius())('FreeRADIUS', () => {
  let radius: Freeradius
  /** Where the server waits for the phone, and where it asks back. */
  let waiting: Desk
  let asking: Desk

  beforeAll(async () => {
    waiting = await openDesk(inject('plain'), 'radius-waits')
    await waiting.policy('wait', 'authentication', { push_wait: 9 })
    asking = await openDesk(inject('plain'), 'radius-asks')
    await asking.policy('codes', 'authentication', { challenge_response: 'totp' })
    radius = await startFreeradius({ url: `${waiting.at}/validate/check` })
  })
  afterAll(() => radius?.stop())

  it('waits for the phone in one request: Access-Request, then Access-Accept', async () => {
    await waiting.person('vera')
    const phone = await waiting.phone('vera', { pin: '1234' })
    const login = radius.ask(`vera@${waiting.realm}`, '1234')
    await pause(300)
    await phone.accept(await firstOf(phone))
    expect(await login).toMatchObject({ code: 'Access-Accept', replyMessage: 'access granted' })
  })

  it('is told of a decline at once: Access-Reject, long before its time is up', async () => {
    await waiting.person('nora')
    const phone = await waiting.phone('nora', { pin: '1234' })
    const login = radius.ask(`nora@${waiting.realm}`, '1234')
    await pause(300)
    await phone.decline(await firstOf(phone))
    const { code, elapsedMs } = await login
    expect(code).toBe('Access-Reject')
    expect(elapsedMs).toBeLessThan(6000)
  })

  it('asks back with a State, waits at the second request, and accepts', async () => {
    await asking.person('stan')
    const phone = await asking.phone('stan', { pin: '1234' })
    const challenge = await radius.ask(`stan@${asking.realm}`, '1234')
    expect(challenge).toMatchObject({
      code: 'Access-Challenge',
      replyMessage: 'Please confirm the authentication on your mobile device!',
      state: expect.stringMatching(/^0x([0-9a-f]{2}){20,253}$/),
    })
    const login = radius.ask(`stan@${asking.realm}`, 'ok', challenge.state)
    await pause(300)
    await phone.accept(await firstOf(phone))
    expect(await login).toMatchObject({ code: 'Access-Accept' })
  })

  it('asks back for a code with the text to show, refuses a wrong one and takes the right one', async () => {
    await asking.person('cora')
    const { code } = await asking.totp('cora', 'ü&%41+ 1')
    const challenge = await radius.ask(`cora@${asking.realm}`, 'ü&%41+ 1')
    expect(challenge).toMatchObject({
      code: 'Access-Challenge',
      replyMessage: 'please enter otp: ',
    })
    const wrong = await radius.ask(`cora@${asking.realm}`, '000000', challenge.state)
    expect(wrong.code).toBe('Access-Reject')
    const right = await radius.ask(`cora@${asking.realm}`, code(), challenge.state)
    expect(right.code).toBe('Access-Accept')
  })

  it('rejects a wrong PIN and an unknown name, and says why as privacyIDEA does', async () => {
    await asking.person('rita')
    await asking.phone('rita', { pin: '1234' })
    expect(await radius.ask(`rita@${asking.realm}`, 'wrong')).toMatchObject({
      code: 'Access-Reject',
      replyMessage: 'wrong otp pin',
    })
    expect(await radius.ask(`nobody@${asking.realm}`, '1234')).toMatchObject({
      code: 'Access-Reject',
      replyMessage: 'ERR904: The user can not be found in any resolver in this realm!',
    })
    expect((await radius.ask(`rita@${asking.realm}`, '1234')).code).toBe('Access-Challenge')
  })

  it('with hardening, is heard by its key, shows the code to pick, and accepts', async () => {
    const hardened = await openDesk(inject('hardened'), 'radius')
    const { apiKey } = await hardened.application('vpn', ['check'])
    await hardened.person('vera')
    const phone = await hardened.phone('vera', { pin: '1234' })
    const url = `${hardened.at}/validate/check`
    const stranger = await startFreeradius({ url })
    try {
      expect((await stranger.ask(`vera@${hardened.realm}`, '1234')).code).toBe('Access-Reject')
    } finally {
      await stranger.stop()
    }
    const known = await startFreeradius({ url, apiKey })
    try {
      const asked = await known.ask(`vera@${hardened.realm}`, '1234')
      expect(asked.code).toBe('Access-Challenge')
      const challenge = await firstOf(phone)
      const options = challenge.require_presence!.split(',')
      const login = known.ask(`vera@${hardened.realm}`, 'ok', asked.state)
      await pause(500)
      await phone.presence(
        challenge,
        options.find((one) => asked.replyMessage.includes(one))!,
      )
      expect((await login).code).toBe('Access-Accept')
    } finally {
      await known.stop()
    }
  })
})
