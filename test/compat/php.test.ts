/**
 * The PHP client in simpleSAMLphp, Nextcloud and others: cURL, which sends an array as multipart/form-data, and
 * queries whose values nobody encodes. It reads answers as arrays and takes what is missing for an error.
 */
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { type Account, type Desk, firstOf, openDesk } from './desk.ts'
import { type Fields, curlMultipart, send } from './wire.ts'

type Challenge = Record<string, string>

function parsed(answer: string) {
  const map = JSON.parse(answer) as {
    result: {
      status: unknown
      value?: unknown
      authentication?: string
      error?: { code: number; message: string }
    }
    detail?: {
      message?: string
      messages?: string[]
      transaction_id?: string
      preferred_client_mode?: string
      multi_challenge?: Challenge[]
    }
  }
  // isset() is false for null too: then it reads the error, whether there is one or not.
  if (map.result.value === undefined || map.result.value === null) {
    if (!map.result.error) throw new Error('Undefined index: error')
    return { errorCode: map.result.error.code, errorMessage: map.result.error.message }
  }
  const detail = map.detail ?? {}
  return {
    status: map.result.status,
    value: map.result.value,
    authentication: map.result.authentication,
    messages: [...new Set(detail.messages ?? [])].join(', '),
    message: detail.message ?? '',
    transactionId: detail.transaction_id ?? '',
    preferred: detail.preferred_client_mode,
    challenges: (detail.multi_challenge ?? []).map((one) => {
      for (const name of ['transaction_id', 'message', 'serial', 'type', 'client_mode'])
        if (typeof one[name] !== 'string') throw new Error(`Undefined index: ${name}`)
      return one
    }),
  }
}

function phpClient(at: string, agent: string, realm: string, account: Account) {
  const headers = { 'User-Agent': agent, Accept: '*/*' }
  const post = async (path: string, fields: Fields, more: Record<string, string> = {}) => {
    const { type, body } = curlMultipart(fields)
    const all = { ...headers, ...more, 'Content-Type': type }
    return (await send(at, { method: 'POST', path, headers: all, body })).text
  }
  /** Values are put into the address as they are, and a & stands behind the last. */
  const get = async (path: string, fields: Fields, more: Record<string, string> = {}) => {
    const query = Object.entries(fields).map(([name, value]) => `${name}=${value}&`)
    const { text } = await send(at, {
      path: `${path}?${query.join('')}`,
      headers: { ...headers, ...more },
    })
    return text
  }
  const session = async () => {
    const { username, password } = account
    const answer = JSON.parse(await post('/auth', { username, password })) as {
      result: { value: { token: string; role: string } }
    }
    return answer.result.value
  }
  return {
    session,
    validateCheck: async (user: string, pass: string, id = '') =>
      parsed(
        await post('/validate/check', { user, pass, ...(id && { transaction_id: id }), realm }),
      ),
    triggerChallenge: async (user: string) =>
      parsed(
        await post(
          '/validate/triggerchallenge',
          { user, realm },
          { authorization: (await session()).token },
        ),
      ),
    pollTransaction: async (id: string) =>
      (
        JSON.parse(await get('/validate/polltransaction', { transaction_id: id })) as {
          result: { value: unknown }
        }
      ).result.value,
    enrollToken: async (user: string, type: string) => {
      const authorization = { authorization: (await session()).token }
      const listed = JSON.parse(await get('/token/', { user }, authorization)) as {
        result: { value: { tokens: unknown[] } }
      }
      if (listed.result.value.tokens.length > 0) return null
      const fields = { user, genkey: '1', type, description: '', realm }
      return JSON.parse(await post('/token/init', fields, authorization)) as {
        detail: { serial: string; googleurl: { img: string } }
      }
    },
  }
}

const plugins = [
  ['simpleSAMLphp', 'simpleSAMLphp/4.1.0'],
  ['Nextcloud', 'privacyidea-nextcloud/1.1.0'],
] as const

describe.each(plugins)('%s', (name, agent) => {
  let desk: Desk
  let php: ReturnType<typeof phpClient>
  const user = (suffix: string) => `${name.toLowerCase()}-${suffix}`

  beforeAll(async () => {
    desk = await openDesk(inject('plain'), `php-${name.toLowerCase()}`)
    php = phpClient(
      desk.at,
      agent,
      desk.realm,
      await desk.application('login', ['trigger', 'check', 'enrol']),
    )
  })

  it('sends a PIN as multipart, gets a challenge, polls for a boolean, and finishes', async () => {
    await desk.person(user('pin'))
    const phone = await desk.phone(user('pin'), { pin: '1234' })
    const asked = await php.validateCheck(user('pin'), '1234')
    expect(asked).toMatchObject({
      status: true,
      value: false,
      authentication: 'CHALLENGE',
      preferred: 'poll',
      challenges: [{ serial: phone.serial, type: 'push', client_mode: 'poll' }],
    })
    expect(asked.messages).toBe(asked.message)
    expect(await php.pollTransaction(asked.transactionId!)).toBe(false)
    await phone.accept(await firstOf(phone))
    expect(await php.pollTransaction(asked.transactionId!)).toBe(true)
    expect(await php.validateCheck(user('pin'), '', asked.transactionId)).toMatchObject({
      value: true,
      authentication: 'ACCEPT',
    })
  })

  it('triggers with its service account, which /auth calls an admin', async () => {
    await desk.person(user('trigger'))
    const phone = await desk.phone(user('trigger'))
    expect((await php.session()).role).toBe('admin')
    const asked = await php.triggerChallenge(user('trigger'))
    expect(asked).toMatchObject({ value: 1, authentication: 'CHALLENGE' })
    expect(asked.challenges?.[0]?.transaction_id).toBe(asked.transactionId)
    // It finishes without its account.
    await phone.accept(await firstOf(phone))
    expect(await php.validateCheck(user('trigger'), '', asked.transactionId)).toMatchObject({
      value: true,
      authentication: 'ACCEPT',
    })
  })

  it('reads the error of an unknown name by its code', async () => {
    expect(await php.validateCheck('nobody', '1234')).toEqual({
      errorCode: 904,
      errorMessage: 'ERR904: The user can not be found in any resolver in this realm!',
    })
  })

  it('enrols a person without a token, and nobody twice', async () => {
    await desk.person(user('fresh'))
    const enrolled = await php.enrollToken(user('fresh'), 'totp')
    expect(enrolled?.detail.serial).toMatch(/^TOTP/)
    expect(enrolled?.detail.googleurl.img).toMatch(/^data:image\//)
    expect(await php.enrollToken(user('fresh'), 'totp')).toBeNull()
  })
})

it('simpleSAMLphp encodes nothing twice: a percent sign in its PIN is one', async () => {
  const desk = await openDesk(inject('plain'), 'php-percent')
  const account = await desk.application('login', ['check'])
  await desk.person('percent')
  await desk.phone('percent', { pin: 'a%41+b ü' })
  const php = phpClient(desk.at, 'simpleSAMLphp/4.1.0', desk.realm, account)
  expect(await php.validateCheck('percent', 'aA+b ü')).toMatchObject({ message: 'wrong otp pin' })
  expect(await php.validateCheck('percent', 'a%41+b ü')).toMatchObject({
    authentication: 'CHALLENGE',
  })
})
