/**
 * How a privacyIDEA 3.11.5 was recorded to answer what goes wrong, or not quite right: HTTP status, value, authentication, code and
 * words, in one table for each side. Beside recorded.test.ts, which holds to the shapes.
 */
import { beforeAll, describe, expect, inject, it } from 'vitest'
import type { StockPhone } from '../support/stock-phone.ts'
import { type Desk, firstOf, openDesk } from './desk.ts'
import { form, send } from './wire.ts'

let desk: Desk
beforeAll(async () => {
  desk = await openDesk(inject('plain'), 'outcomes')
})

type Heard = {
  status: number
  value?: unknown
  authentication?: string
  said?: string
  code?: number
}

/** As administrators and login pages ask: with the session, form-encoded. */
async function ask(path: string, fields: Record<string, string> = {}, signedIn = true) {
  const headers = {
    'Content-Type': form,
    ...(signedIn && { Authorization: desk.token }),
  }
  const body = String(new URLSearchParams(fields))
  const answer = await send(desk.at, { method: 'POST', path, headers, body })
  return heard(answer)
}

function heard({ status, text }: { status: number; text: string }): Heard {
  const { result, detail } = JSON.parse(text) as {
    result: { value?: unknown; authentication?: string; error?: { code: number; message: string } }
    detail?: { message?: string; challenge_status?: string } | null
  }
  const { error, value, authentication } = result
  if (error) return { status, code: error.code, said: error.message }
  const said = detail?.message ?? detail?.challenge_status
  return {
    status,
    value,
    ...(authentication && { authentication }),
    ...(said !== undefined && { said }),
  }
}

const check = (fields: Record<string, string>) =>
  ask('/validate/check', { ...(fields.serial ? {} : { realm: desk.realm }), ...fields })
const trigger = (fields: Record<string, string>) =>
  ask('/validate/triggerchallenge', { ...(fields.serial ? {} : { realm: desk.realm }), ...fields })
const poll = async (id: string) =>
  heard(await send(desk.at, { path: `/validate/polltransaction?transaction_id=${id}` }))
const rejected = (said: string) => ({ status: 200, value: false, authentication: 'REJECT', said })
const asked = async (user: string) =>
  (await desk.administrator.trigger({ user, realm: desk.realm })).envelope.detail!.transaction_id!

describe('/validate', () => {
  const unknown = {
    status: 400,
    code: 904,
    said: 'ERR904: The user can not be found in any resolver in this realm!',
  }
  const nobodyNamed = {
    status: 400,
    code: 905,
    said: 'ERR905: You need to specify a serial, user or credential_id.',
  }

  it('does not know a name, a realm or a serial', async () => {
    expect(await check({ user: 'nobody', pass: '1234' })).toEqual(unknown)
    expect(await check({ user: 'nobody', realm: 'nowhere', pass: '1234' })).toEqual(unknown)
    expect(await trigger({ user: 'nobody' })).toEqual(unknown)
    const none = { status: 404, code: 601, said: 'The requested token could not be found.' }
    expect(await check({ serial: 'PIPU00000000', pass: '1234' })).toEqual(none)
    expect(await trigger({ serial: 'PIPU00000000' })).toMatchObject({ status: 200, value: 0 })
  })

  it('needs somebody to be named', async () => {
    expect(await ask('/validate/check', { pass: '1234' })).toEqual(nobodyNamed)
    expect(await ask('/validate/triggerchallenge')).toEqual(nobodyNamed)
  })

  it('finds no token', async () => {
    await desk.person('bare')
    expect(await check({ user: 'bare', pass: '1234' })).toEqual(
      rejected('The user has no tokens assigned'),
    )
    expect(await trigger({ user: 'bare' })).toMatchObject({ status: 200, value: 0 })
  })

  it('takes a wrong and an empty PIN for the same', async () => {
    await desk.person('pin')
    await desk.phone('pin', { pin: '1234' })
    expect(await check({ user: 'pin', pass: 'wrong' })).toEqual(rejected('wrong otp pin'))
    expect(await check({ user: 'pin', pass: '' })).toEqual(rejected('wrong otp pin'))
  })

  it('says pending of every transaction that it has nothing else to say of', async () => {
    const pending = rejected('pending')
    await desk.person('polled')
    const phone = await desk.phone('polled')
    const id = await asked('polled')
    expect(await poll(id)).toEqual(pending)
    for (const other of ['02437153556435182584', 'x', 'ä', '-'.repeat(300)])
      expect(await poll(encodeURIComponent(other)), other).toEqual(pending)
    await phone.accept(await firstOf(phone))
    expect(await poll(id)).toEqual({
      status: 200,
      value: true,
      authentication: 'ACCEPT',
      said: 'accept',
    })
    await check({ user: 'polled', pass: '', transaction_id: id })
    expect(await poll(id)).toEqual(pending)
  })

  it('redeems what was answered, whatever the password, once, and for its own person', async () => {
    await desk.person('redeemer')
    await desk.person('other')
    const phone = await desk.phone('redeemer')
    await desk.phone('other')
    const id = await asked('redeemer')
    const of = (user: string, pass = '') => check({ user, pass, transaction_id: id })
    expect(await of('redeemer')).toEqual(rejected('Response did not match the challenge.'))
    await phone.accept(await firstOf(phone))
    expect(await of('other')).toEqual(rejected('wrong otp pin'))
    expect(await of('redeemer', 'ignored')).toEqual({
      status: 200,
      value: true,
      authentication: 'ACCEPT',
      said: 'Found matching challenge',
    })
    expect(await of('redeemer')).toEqual(rejected('wrong otp pin'))
    expect(await check({ user: 'redeemer', pass: '', transaction_id: '123' })).toEqual(
      rejected('wrong otp pin'),
    )
  })

  it('counts the tokens that did not match', async () => {
    await desk.person('two')
    await desk.phone('two')
    await desk.phone('two')
    const { envelope } = await desk.administrator.trigger({ user: 'two', realm: desk.realm })
    expect(envelope.result.value).toBe(2)
    const id = envelope.detail!.transaction_id!
    expect(await check({ user: 'two', pass: '', transaction_id: id })).toEqual(
      rejected('Response did not match for 2 tokens.'),
    )
  })

  it('tells disabled, locked and revoked apart', async () => {
    await desk.person('disabled')
    const disabled = await desk.phone('disabled')
    await desk.must('POST', '/token/disable', { serial: disabled.serial })
    expect(await check({ user: 'disabled', pass: '1234' })).toEqual(
      rejected('No suitable token found for authentication.'),
    )
    expect(await trigger({ user: 'disabled' })).toMatchObject({ status: 200, value: 0 })

    await desk.person('locked')
    const locked = await desk.phone('locked', { pin: '1234' })
    await desk.must('POST', '/token/set', { serial: locked.serial, max_failcount: 1 })
    await desk.must('POST', '/system/setConfig', { IncFailCountOnFalsePin: 'True' })
    await check({ user: 'locked', pass: 'wrong' })
    expect(await check({ user: 'locked', pass: '1234' })).toEqual(rejected('Failcounter exceeded'))
    await desk.must('POST', '/token/reset', { serial: locked.serial })
    expect(await check({ user: 'locked', pass: '1234' })).toMatchObject({
      authentication: 'CHALLENGE',
    })

    await desk.person('revoked')
    const revoked = await desk.phone('revoked')
    await desk.must('POST', '/token/revoke', { serial: revoked.serial })
    expect(await check({ serial: revoked.serial, pass: '1234' })).toEqual({
      status: 400,
      code: 1007,
      said: 'ERR1007: This action is not possible, since the token is locked',
    })
  })

  it('takes a code once, each within its window, and the PIN alone for a wrong one', async () => {
    await desk.person('code')
    const { code, serial } = await desk.totp('code')
    expect(await check({ user: 'code', pass: '1234' })).toEqual(rejected('wrong otp pin'))
    const right = `1234${code()}`
    expect(await check({ user: 'code', pass: right })).toEqual({
      status: 200,
      value: true,
      authentication: 'ACCEPT',
      said: 'matching 1 tokens',
    })
    expect(await check({ user: 'code', pass: right })).toEqual(
      rejected('wrong otp value. previous otp used again'),
    )
    expect(await check({ serial, pass: `1234${code(100)}` })).toEqual(rejected('wrong otp value'))
    expect(await check({ user: 'code', pass: `1234${code(2)}` })).toMatchObject({ value: true })
  })

  it('says by radiuscheck no more than a status', async () => {
    await desk.person('radius')
    const phone = await desk.phone('radius', { pin: '1234' })
    const { code } = await desk.totp('radius', '5678')
    const radiuscheck = (fields: Record<string, string>) =>
      send(desk.at, {
        method: 'POST',
        path: '/validate/radiuscheck',
        headers: { 'Content-Type': form },
        body: String(new URLSearchParams({ user: 'radius', realm: desk.realm, ...fields })),
      })
    for (const pass of ['1234', 'wrong']) {
      const { status, text } = await radiuscheck({ pass })
      expect([status, text], pass).toEqual([400, ''])
    }
    const accepted = await radiuscheck({ pass: `5678${code()}` })
    expect([accepted.status, accepted.text]).toEqual([204, ''])
    expect(phone.serial).toMatch(/^PIPU/)
  })

  it('triggers without waiting, whatever push_wait says, and whatever type is asked for', async () => {
    const waiting = await openDesk(inject('plain'), 'outcomes-wait')
    await waiting.policy('wait', 'authentication', { push_wait: 3 })
    await waiting.person('anna')
    await waiting.phone('anna', { pin: '1234' })
    const startedAt = performance.now()
    const { envelope } = await waiting.administrator.call('POST', '/validate/triggerchallenge', {
      user: 'anna',
      realm: waiting.realm,
      type: 'totp',
    })
    expect(envelope.result).toMatchObject({ value: 1, authentication: 'CHALLENGE' })
    expect(performance.now() - startedAt).toBeLessThan(2500)
    const { envelope: late } = await waiting.administrator.check({
      user: 'anna',
      realm: waiting.realm,
      pass: '1234',
    })
    expect([late.result.authentication, late.detail?.message]).toEqual([
      'REJECT',
      'wrong otp value',
    ])
  })
})

describe('/auth, /token and /policy', () => {
  it('name what is missing or wrong in who asks', async () => {
    const failed = (code: number, said: string) => ({ status: 401, code, said })
    const none = failed(4033, 'Authentication failure. Missing Authorization header.')
    expect(await ask('/token/init', { type: 'totp', genkey: '1' }, false)).toEqual(none)
    expect(await ask('/validate/triggerchallenge', { user: 'anna' }, false)).toEqual(none)
    const bad = await send(desk.at, { path: '/token/', headers: { Authorization: 'a.b.c' } })
    expect(heard(bad)).toMatchObject({ status: 401, code: 4304 })
    expect(await ask('/auth', { password: 'x' }, false)).toEqual(
      failed(4032, 'Authentication failure. Missing Username'),
    )
    expect(await ask('/auth', { username: 'admin', password: 'wrong' }, false)).toEqual(
      failed(4031, 'Authentication failure. Wrong credentials'),
    )
    const person = { username: `self@${desk.realm}`, password: 'the password of a person' }
    await desk.person('self', person.password)
    const { envelope } = await desk.administrator.auth(person.username, person.password)
    const { token } = envelope.result.value as { token: string }
    const role = await send(desk.at, { path: '/policy/', headers: { Authorization: token } })
    expect(heard(role)).toMatchObject({ status: 401, code: 4306 })
  })

  it('want the realm of a policy said, even where it is none', async () => {
    const { status, envelope } = await desk.administrator.call('POST', '/policy/outcomes', {
      scope: 'authentication',
      action: { push_wait: 3 },
    })
    expect([status, envelope.result.error]).toEqual([
      400,
      { code: 905, message: "ERR905: Missing parameter: 'realm'" },
    ])
  })
})

describe('/ttype/push', () => {
  const at = '/ttype/push'
  const notGenuine = { status: 400, code: 10, said: 'ERR10: Could not verify signature!' }
  const noSerial = { status: 400, code: 905, said: "ERR905: Missing parameter: 'serial'" }
  let phone: StockPhone
  beforeAll(async () => {
    await desk.person('phone')
    phone = await desk.phone('phone')
  })
  const told = ({ status, envelope }: Awaited<ReturnType<StockPhone['pollRaw']>>): Heard =>
    heard({ status, text: JSON.stringify(envelope) })

  it('believes no poll that is not signed by a phone it knows', async () => {
    expect(told(await phone.pollRaw({ signature: await phone.sign('other') }))).toEqual(notGenuine)
    expect(told(await phone.pollRaw({ serial: 'PIPU00000000' }))).toEqual(notGenuine)
    expect(heard(await send(desk.at, { path: `${at}?timestamp=x&signature=x` }))).toEqual(noSerial)
    expect(told(await phone.pollRaw())).toEqual({ status: 200, value: [] })
  })

  it('takes a wrongly signed answer for none, and goes on waiting', async () => {
    const id = await asked('phone')
    const challenge = await firstOf(phone)
    const signature = await phone.sign('other')
    const wrong = await phone.answer(challenge, {}, { signature })
    expect(told(wrong)).toEqual({ status: 200, value: false })
    expect(await poll(id)).toEqual(rejected('pending'))
    const unknown = await phone.answer(challenge, {}, { serial: 'PIPU00000000' })
    expect(told(unknown)).toMatchObject({ status: 404, code: 601 })
    expect(told(await phone.accept(challenge))).toEqual({ status: 200, value: true })
  })

  it('enrols with the right credential only, and only what waits for it', async () => {
    await desk.person('late')
    const { envelope } = await desk.administrator.initToken({ user: 'late', realm: desk.realm })
    const serial = envelope.detail!.serial!
    const enrol = (fields: Record<string, string>) =>
      ask(at, { serial, fbtoken: 'no_firebase_token', pubkey: 'x', ...fields }, false)
    expect(await enrol({ enrollment_credential: 'wrong' })).toMatchObject({
      status: 400,
      code: 905,
    })
    expect(await enrol({ serial: phone.serial, enrollment_credential: 'any' })).toMatchObject({
      status: 404,
      code: 601,
    })
  })

  it('refuses polls where the policy says so', async () => {
    const denied = await openDesk(inject('plain'), 'outcomes-deny')
    await denied.policy('deny', 'authentication', { push_allow_polling: 'deny' })
    await denied.person('anna')
    const silent = await denied.phone('anna')
    expect(told(await silent.pollRaw())).toEqual({
      status: 403,
      code: 303,
      said: 'Polling not allowed!',
    })
  })
})

it('enrols no push token where no policy says how', async () => {
  const bare = await openDesk(inject('plain'), 'outcomes-bare', { phones: false })
  await bare.person('anna')
  await bare.must('DELETE', '/policy/enrolment').catch(() => undefined)
  const { status, envelope } = await bare.administrator.initToken({
    user: 'anna',
    realm: bare.realm,
  })
  expect([status, envelope.result.error]).toEqual([
    403,
    {
      code: 303,
      message: 'Missing enrollment policy for push token: push_firebase_configuration',
    },
  ])
})
