/** What a real server was recorded to say, sentence by sentence, with the policy `hardening` deleted. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Application, application } from '../support/application.ts'
import { type Deployment, deployment, origin } from './deployment.ts'
import { hotpAt as code, otpSeed } from './seeds.ts'

let d: Deployment
let office: Application
beforeAll(async () => {
  d = await deployment()
  await d.payroll.call('DELETE', '/policy/hardening')
  office = await d.newApplication('Office')
}, 60_000)

let people = 0
async function someone(devices = 1) {
  const user = await d.person(`recorded${++people}`)
  const phones = []
  for (let n = 0; n < devices; n++) phones.push(await d.device(user, { pin: '1234' }))
  return { user, phone: phones[0]! }
}
/** HTTP / value / authentication / message. */
async function told(parameters: object, path = '/validate/check') {
  const { status, envelope } = await d.payroll.call('POST', path, parameters)
  const { value, authentication, error } = envelope.result
  if (error) return [status, error.code, error.message]
  return [status, value, authentication, envelope.detail?.message]
}
const act = (action: string, body: object) => office.call('POST', `/token/${action}`, body)
const rejected = (message: string) => [200, false, 'REJECT', message]
const question = 'Please confirm the authentication on your mobile device!'
const begun = async (user: string) => {
  const { envelope } = await d.payroll.check({ user, pass: '1234' })
  return envelope.detail?.transaction_id ?? ''
}

describe('a push token', () => {
  it('check with PIN, poll, redeem, redeem again', async () => {
    const { user, phone } = await someone()
    expect(await told({ user, pass: '1234' })).toEqual([200, false, 'CHALLENGE', question])
    const id = await begun(user)
    const poll = async (of: string) => {
      const { status, envelope } = await d.payroll.poll(of)
      return [
        status,
        envelope.result.value,
        envelope.result.authentication,
        envelope.detail?.challenge_status,
      ]
    }
    const pending = [200, false, 'REJECT', 'pending']
    expect(await poll(id)).toEqual(pending)
    expect(await poll('00000000000000000000')).toEqual(pending)
    expect(await poll('no id')).toEqual(pending)
    const redeem = (pass = '') => told({ user, pass, transaction_id: id })
    expect(await redeem()).toEqual(rejected('Response did not match the challenge.'))
    const challenges = await phone.list()
    await phone.approve(challenges[0]!)
    expect(await poll(id)).toEqual([200, true, 'ACCEPT', 'accept'])
    expect(await redeem('ignored')).toEqual([200, true, 'ACCEPT', 'Found matching challenge'])
    expect(await redeem()).toEqual(rejected('wrong otp pin'))
    expect(await poll(id)).toEqual(pending)
  })

  it('two tokens, unknown and foreign transactions, wrong and empty PIN', async () => {
    const { user } = await someone(2)
    const id = await begun(user)
    expect(await told({ user, pass: '', transaction_id: id })).toEqual(
      rejected('Response did not match for 2 tokens.'),
    )
    const other = await someone()
    for (const transaction_id of ['00000000000000000000', id])
      expect(await told({ user: other.user, pass: '', transaction_id })).toEqual(
        rejected('wrong otp pin'),
      )
    for (const pass of ['4321', ''])
      expect(await told({ user, pass })).toEqual(rejected('wrong otp pin'))
  })

  it('whoever is unknown, has nothing, or names nobody', async () => {
    const user = await d.person(`recorded${++people}`)
    const trigger = '/validate/triggerchallenge'
    const noUser = 'ERR904: The user can not be found in any resolver in this realm!'
    expect(await told({ user: 'ghost', pass: 'x' })).toEqual([400, 904, noUser])
    expect(await told({ user, realm: 'nowhere', pass: 'x' })).toEqual([400, 904, noUser])
    expect(await told({ user, pass: 'x' })).toEqual(rejected('The user has no tokens assigned'))
    expect((await told({ user }, trigger)).slice(0, 2)).toEqual([200, 0])
    expect(await told({ serial: 'PIPU404', pass: 'x' })).toEqual([
      404,
      601,
      'The requested token could not be found.',
    ])
    expect((await told({ serial: 'PIPU404' }, trigger)).slice(0, 2)).toEqual([200, 0])
    const whom = 'ERR905: You need to specify a serial, user or credential_id.'
    expect(await told({ pass: 'x' })).toEqual([400, 905, whom])
    expect(await told({}, trigger)).toEqual([400, 905, whom])
    expect(await told({ user })).toEqual([400, 905, "ERR905: Missing parameter: 'pass'"])
  })

  it('disabled, locked, revoked', async () => {
    const { user, phone } = await someone()
    const { serial } = phone
    await act('disable', { serial })
    expect(await told({ user, pass: '1234' })).toEqual(
      rejected('No suitable token found for authentication.'),
    )
    expect((await told({ user }, '/validate/triggerchallenge')).slice(0, 2)).toEqual([200, 0])
    await act('enable', { serial })
    await act('revoke', { serial })
    const locked = 'ERR1007: This action is not possible, since the token is locked'
    for (const whom of [{ user }, { serial }])
      expect(await told({ ...whom, pass: '1234' })).toEqual([400, 1007, locked])
  })

  it('radiuscheck: 400 and empty for a challenge and for a reject', async () => {
    const { user } = await someone()
    for (const pass of ['1234', 'wrong']) {
      const answer = await d.payroll.raw('POST', '/validate/radiuscheck', { user, pass })
      expect([answer.status, await answer.text()]).toEqual([400, ''])
    }
  })

  it('what plugins send beside is taken without harm', async () => {
    const { user } = await someone()
    const beside = { exception: '1', cancel_enrollment: '0', client: '192.0.2.1', otponly: '0' }
    expect(await told({ user, pass: '1234', ...beside })).toEqual([
      200,
      false,
      'CHALLENGE',
      question,
    ])
    const state = await begun(user)
    expect(await told({ user, pass: '', transaction_id: state, ...beside })).toEqual(
      rejected('Response did not match the challenge.'),
    )
  })
})

it('a one-time password: right, again, its PIN alone, and locked', async () => {
  const user = await d.person(`recorded${++people}`)
  const body = { user, type: 'hotp', otpkey: otpSeed, otpkeyformat: 'hex', pin: '1234' }
  const serial = (await act('init', body)).envelope.detail?.serial
  const pass = `1234${code(0)}`
  expect(await told({ user, pass })).toEqual([200, true, 'ACCEPT', 'matching 1 tokens'])
  expect(await told({ user, pass })).toEqual(rejected('wrong otp value. previous otp used again'))
  expect(await told({ user, pass: '1234' })).toEqual(rejected('wrong otp pin'))
  await act('set', { serial, max_failcount: 1 })
  expect(await told({ user, pass: `1234${code(1)}` })).toEqual(rejected('Failcounter exceeded'))
})

it('/auth and the header: none, broken, no name, a wrong password', async () => {
  const nobody = application({ url: origin, fetch: d.fetch })
  const error = ({ status, envelope }: Awaited<ReturnType<typeof nobody.call>>) => [
    status,
    envelope.result.error?.code,
  ]
  expect(error(await nobody.call('GET', '/token/'))).toEqual([401, 4033])
  expect(error(await nobody.as({ token: 'no.jwt.here' }).call('GET', '/token/'))).toEqual([
    401, 4304,
  ])
  expect(error(await nobody.call('POST', '/auth', { password: 'no' }))).toEqual([401, 4032])
  for (const username of ['admin', 'ghost'])
    expect(error(await nobody.call('POST', '/auth', { username, password: 'no' }))).toEqual([
      401, 4031,
    ])
})
