/**
 * The Windows credential provider: WinHTTP, encoded once and said so by its User-Agent, parameters in the order of a std::map,
 * a poll every 500 ms after the first 300. Its JSON library throws where an error has no integer code.
 */
import { beforeAll, expect, inject, it } from 'vitest'
import { type Desk, firstOf, openDesk } from './desk.ts'
import { type Fields, cPlusPlusForm, form, pause, send } from './wire.ts'

type Json = Record<string, unknown>

const agent = 'privacyidea-cp/3.7.0.0 Windows/DESKTOP-5F2K1'
const headers = { 'User-Agent': agent, 'Content-Type': form }
const ordered = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).toSorted(([one], [other]) => (one < other ? -1 : 1)))

const text = (object: Json, name: string) => (typeof object[name] === 'string' ? object[name] : '')

function parsed(answer: string) {
  const root = JSON.parse(answer) as { result?: Json; detail?: Json | null; auth_items?: unknown }
  if (!root.result) throw new Error('PI_JSON_PARSE_ERROR')
  const error = root.result.error as Json | undefined
  if (error && !Number.isInteger(error.code)) throw new Error('type_error.302')
  // operator[] on null makes an object; on anything else that is no object it throws.
  const detail = root.detail ?? {}
  if (typeof detail !== 'object' || Array.isArray(detail)) throw new Error('type_error.305')
  const many = detail.multi_challenge as Json[] | undefined
  return {
    version: text(root as Json, 'versionnumber'),
    value: root.result.value === true,
    status: root.result.status === true,
    authentication: text(root.result, 'authentication'),
    errorCode: error?.code,
    errorMessage: error && text(error, 'message'),
    message: text(detail, 'message'),
    transactionId: many?.length ? text(detail, 'transaction_id') : '',
    preferredMode: many?.length ? text(detail, 'preferred_client_mode') : '',
    challenges: (many ?? []).map((one) => ({
      type: text(one, 'type'),
      message: text(one, 'message'),
      serial: text(one, 'serial'),
      transactionId: text(one, 'transaction_id'),
      image: text(one, 'image'),
    })),
    offline: root.auth_items,
  }
}

let desk: Desk
beforeAll(async () => {
  desk = await openDesk(inject('plain'), 'windows')
})

async function validateCheck(user: string, pass: string, id = '') {
  const fields = { user, pass, realm: desk.realm, ...(id && { transaction_id: id }) }
  const body = cPlusPlusForm(ordered(fields))
  return parsed(
    (await send(desk.at, { method: 'POST', path: '/validate/check', headers, body })).text,
  )
}

async function pollTransaction(id: string): Promise<boolean> {
  const path = `/validate/polltransaction?transaction_id=${id}`
  const { text } = await send(desk.at, { path, headers })
  return (JSON.parse(text) as { result: { value: unknown } }).result.value === true
}

it('polls twice a second for whatever has the type push, then finishes with an empty password', async () => {
  await desk.person('winnie')
  const phone = await desk.phone('winnie', { pin: '1234' })
  const asked = await validateCheck('winnie', '1234')
  expect(asked).toMatchObject({
    status: true,
    value: false,
    authentication: 'CHALLENGE',
    preferredMode: 'poll',
    challenges: [{ type: 'push', serial: phone.serial, transactionId: asked.transactionId }],
    offline: undefined,
  })
  expect(asked.challenges[0]!.message).not.toBe('')
  await pause(300)
  const answered = pause(700).then(async () => phone.accept(await firstOf(phone)))
  let polls = 0
  while (!(await pollTransaction(asked.transactionId)) && polls++ < 20) await pause(500)
  await answered
  expect(polls).toBeGreaterThan(0)
  expect(await validateCheck('winnie', '', asked.transactionId)).toMatchObject({
    value: true,
    authentication: 'ACCEPT',
  })
})

it('reads from versionnumber which API it speaks, as numbers with dots', async () => {
  await desk.person('versed')
  const { version } = await validateCheck('versed', '1234')
  expect(version).toMatch(/^\d+\.\d+(\.\d+)?$/)
  const [major = 0, minor = 0] = version.split('.').map(Number)
  expect([major, minor >= 8]).toEqual([3, true])
})

it('encodes a percent sign in a PIN once, and it is one', async () => {
  await desk.person('percent')
  await desk.phone('percent', { pin: '100%41 + ß' })
  expect((await validateCheck('percent', '100A + ß')).message).toBe('wrong otp pin')
  expect((await validateCheck('percent', '100%41 + ß')).authentication).toBe('CHALLENGE')
})

it('sends name@realm as Windows knows it, and DOMAIN\\name', async () => {
  await desk.person('upn')
  await desk.phone('upn', { pin: '1234' })
  for (const user of [`upn@${desk.realm}`, `${desk.realm}\\upn`]) {
    const body = cPlusPlusForm(ordered({ user, pass: '1234' }))
    const { text } = await send(desk.at, { method: 'POST', path: '/validate/check', headers, body })
    expect(parsed(text).authentication, user).toBe('CHALLENGE')
  }
})

it('shows the text of a refusal and stops', async () => {
  expect(await validateCheck('nobody', '1234')).toMatchObject({
    status: false,
    errorCode: 904,
    errorMessage: 'ERR904: The user can not be found in any resolver in this realm!',
  })
  // Offline values are not given out: 905 makes it forget the ones it has.
  const refill = await send(desk.at, {
    method: 'POST',
    path: '/validate/offlinerefill',
    headers,
    body: cPlusPlusForm({ pass: '', refilltoken: 'x', serial: 'TOTP1' }),
  })
  expect(parsed(refill.text)).toMatchObject({ status: false, value: false })
})

it('begins with a passkey: a challenge of nobody in particular', async () => {
  const path = '/validate/initialize'
  const { text } = await send(desk.at, { method: 'POST', path, headers, body: 'type=passkey' })
  expect(parsed(text).authentication).toBe('CHALLENGE')
  expect(JSON.parse(text).detail.passkey).toMatchObject({
    challenge: expect.any(String),
    rpId: 'localhost',
    transaction_id: expect.any(String),
    user_verification: 'required',
  })
})

it('with hardening, it needs its key', async () => {
  const hardened = await openDesk(inject('hardened'), 'windows')
  const { apiKey } = await hardened.application('windows', ['check'])
  await hardened.person('winnie')
  await hardened.phone('winnie', { pin: '1234' })
  const body = cPlusPlusForm(ordered({ user: 'winnie', pass: '1234', realm: hardened.realm }))
  const request = { method: 'POST', path: '/validate/check', body } as const
  const refused = parsed((await send(hardened.at, { ...request, headers })).text)
  expect(refused).toMatchObject({ status: false, errorCode: 4033 })
  const known = { ...headers, 'X-API-Key': apiKey }
  const asked = parsed((await send(hardened.at, { ...request, headers: known })).text)
  expect(asked.authentication).toBe('CHALLENGE')
})
