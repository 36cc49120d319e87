/**
 * The Java client, as Keycloak and Shibboleth use it: OkHttp, each value encoded twice, the session bare in Authorization, and
 * a parser that knows accept, declined and pending and falls over a null where it wants an object.
 */
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { type Account, type Desk, firstOf, openDesk } from './desk.ts'
import { type Fields, form, okHttpForm, okHttpQuery, pause, send } from './wire.ts'

type Json = Record<string, unknown>
type Java = ReturnType<typeof javaClient>

/** Gson's getters: anything else than the wanted primitive is as good as absent. */
const text = (object: Json, name: string): string =>
  typeof object[name] === 'string' ? object[name] : ''

/** `getAsJsonObject` and `getAsJsonArray` throw on a null and on anything else that is there. */
function child(object: Json, name: string, kind: 'object' | 'array'): unknown {
  const value = object[name]
  if (value === undefined) return null
  const is = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
  if (is !== kind) throw new Error(`ClassCastException: ${name} is ${is}, not ${kind}`)
  return value
}

function parsed(answer: string) {
  const root = JSON.parse(answer) as Json
  const result = child(root, 'result', 'object') as Json
  const error = result.error as Json | undefined
  if (error) return { error: { code: error.code, message: error.message }, status: result.status }
  const detail = root.detail === null ? null : (child(root, 'detail', 'object') as Json | null)
  const passkey = detail && child(detail, 'passkey', 'object')
  const challenges = (detail && (child(detail, 'multi_challenge', 'array') as Json[])) ?? []
  const messages = (detail && (child(detail, 'messages', 'array') as unknown[])) ?? []
  const status = detail ? text(detail, 'challenge_status') : ''
  const mode = detail ? text(detail, 'preferred_client_mode') : ''
  return {
    id: root.id,
    jsonrpc: text(root, 'jsonrpc'),
    version: text(root, 'versionnumber'),
    status: result.status === true,
    value: result.value === true,
    authentication: ['CHALLENGE', 'ACCEPT', 'REJECT', 'NONE'].find(
      (known) => known === result.authentication,
    ),
    passkey,
    challengeStatus: ['accept', 'declined', 'pending'].find((known) => known === status) ?? 'none',
    preferred: mode === 'poll' ? 'push' : mode === 'interactive' ? 'otp' : mode,
    message: detail ? text(detail, 'message') : '',
    serial: detail ? text(detail, 'serial') : '',
    type: detail ? text(detail, 'type') : '',
    transactionId: detail ? text(detail, 'transaction_id') : '',
    messages: messages.map((one) => {
      if (typeof one !== 'string') throw new Error('a message is no string')
      return one
    }),
    challenges: challenges.map((one) => ({
      serial: text(one, 'serial'),
      message: text(one, 'message'),
      clientMode: text(one, 'client_mode'),
      image: text(one, 'image'),
      transactionId: text(one, 'transaction_id'),
      type: text(one, 'type'),
      link: text(one, 'link'),
    })),
  }
}

function javaClient(at: string, agent: string, realm: string, account: Account | null) {
  const headers = { 'User-Agent': agent, Connection: 'Keep-Alive' }
  const post = async (path: string, fields: Fields, more: Record<string, string> = {}) => {
    const body = okHttpForm(fields)
    const type = { ...headers, ...more, 'Content-Type': form }
    return (await send(at, { method: 'POST', path, headers: type, body })).text
  }
  const get = async (path: string, fields: Fields, more: Record<string, string> = {}) =>
    (await send(at, { path: `${path}?${okHttpQuery(fields)}`, headers: { ...headers, ...more } }))
      .text

  /** The session, decoded by Java's basic decoder, which takes neither - nor _. */
  async function session(): Promise<string> {
    const { username, password } = account!
    const root = JSON.parse(await post('/auth', { username, password, realm })) as Json
    const token = ((root.result as Json).value as Json).token as string
    const payload = token.split('.')[1]!
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(payload)) throw new Error('Illegal base64 character')
    const { exp } = JSON.parse(Buffer.from(payload, 'base64').toString()) as { exp: number }
    const minutes = (Math.trunc(exp) - Math.trunc(root.time as number)) / 60
    if (!(minutes > 0)) throw new Error(`the session is valid for ${minutes} minutes`)
    return token
  }
  /** Fetched when the client is made, and kept. */
  let kept: Promise<string> | undefined
  const authorized = async () => ({ Authorization: await (kept ??= session()) })

  return {
    triggerChallenges: async (user: string) =>
      parsed(await post('/validate/triggerchallenge', { user, realm }, await authorized())),
    validateCheck: async (user: string, pass: string, id = '') =>
      parsed(
        await post('/validate/check', {
          user,
          pass,
          realm,
          ...(id && { transaction_id: id }),
          client: '192.0.2.17',
        }),
      ),
    validateCheckSerial: async (serial: string, pass: string, id: string) =>
      parsed(await post('/validate/check', { serial, pass, realm, transaction_id: id })),
    pollTransaction: async (id: string) =>
      parsed(await get('/validate/polltransaction', { transaction_id: id })),
    validateInitialize: async () => parsed(await post('/validate/initialize', { type: 'passkey' })),
    getTokenInfo: async (user: string) => {
      const root = JSON.parse(await get('/token/', { user, realm }, await authorized())) as Json
      const value = child(child(root, 'result', 'object') as Json, 'value', 'object') as Json
      return child(value, 'tokens', 'array') as Json[]
    },
    tokenRollout: async (user: string) =>
      JSON.parse(
        await post('/token/init', { user, type: 'totp', genkey: '1', realm }, await authorized()),
      ) as Json,
    raw: { post, get },
  }
}

const plugins = [
  ['Keycloak', 'privacyIDEA-Keycloak/1.6.0 Keycloak/26.0.7'],
  ['Shibboleth', 'privacyIDEA-Shibboleth/1.2.0 ShibbolethIdP/5.1.3'],
] as const

let desk: Desk
let account: Account
beforeAll(async () => {
  desk = await openDesk(inject('plain'), 'java')
  account = await desk.application('login', ['trigger', 'check', 'enrol'])
})

describe.each(plugins)('%s', (name, agent) => {
  const user = (suffix: string) => `${name.toLowerCase()}-${suffix}`
  let java: Java
  beforeAll(() => {
    java = javaClient(desk.at, agent, desk.realm, account)
  })

  it('triggers with its service account, polls, and finishes with the name and an empty password', async () => {
    await desk.person(user('trigger'))
    const phone = await desk.phone(user('trigger'))
    const triggered = await java.triggerChallenges(user('trigger'))
    expect(triggered).toMatchObject({
      id: 2,
      jsonrpc: '2.0',
      status: true,
      authentication: 'CHALLENGE',
      preferred: 'push',
      serial: phone.serial,
      type: 'push',
      challenges: [{ serial: phone.serial, type: 'push', clientMode: 'poll', image: '', link: '' }],
    })
    const { transactionId, messages, message } = triggered
    expect(messages).toEqual([message])
    expect(triggered.challenges?.[0]?.transactionId).toBe(transactionId)
    expect(await java.pollTransaction(transactionId!)).toMatchObject({
      challengeStatus: 'pending',
      authentication: 'REJECT',
    })
    await phone.accept(await firstOf(phone))
    await pause(300)
    expect(await java.pollTransaction(transactionId!)).toMatchObject({
      challengeStatus: 'accept',
      value: true,
      authentication: 'ACCEPT',
    })
    expect(await java.validateCheck(user('trigger'), '', transactionId)).toMatchObject({
      status: true,
      value: true,
      authentication: 'ACCEPT',
      serial: phone.serial,
    })
  })

  it('finishes by serial as well', async () => {
    await desk.person(user('serial'))
    const phone = await desk.phone(user('serial'))
    const { transactionId } = await java.triggerChallenges(user('serial'))
    await phone.accept(await firstOf(phone))
    expect(await java.validateCheckSerial(phone.serial, '', transactionId!)).toMatchObject({
      value: true,
      authentication: 'ACCEPT',
    })
  })

  it('hears of a decline and of a cancellation by the one word it knows', async () => {
    await desk.person(user('no'))
    const phone = await desk.phone(user('no'))
    const asked = await java.triggerChallenges(user('no'))
    await phone.decline(await firstOf(phone), 'unknown_trigger')
    expect((await java.pollTransaction(asked.transactionId!)).challengeStatus).toBe('declined')
    const again = await java.triggerChallenges(user('no'))
    await phone.decline(await firstOf(phone), 'cancelled')
    expect((await java.pollTransaction(again.transactionId!)).challengeStatus).toBe('declined')
    const third = await java.triggerChallenges(user('no'))
    await phone.accept(await firstOf(phone))
    expect((await java.pollTransaction(third.transactionId!)).challengeStatus).toBe('accept')
  })
})

describe('either of them', () => {
  let java: Java
  beforeAll(() => {
    java = javaClient(desk.at, plugins[0][1], desk.realm, account)
  })

  it('sends a PIN with every kind of letter, encoded twice, and is understood', async () => {
    const pin = 'ä%41+€&=#"/?'
    await desk.person('encoded')
    const phone = await desk.phone('encoded', { pin })
    expect(await java.validateCheck('encoded', 'ä%41+€&=#"/!')).toMatchObject({
      value: false,
      authentication: 'REJECT',
      message: 'wrong otp pin',
      challenges: [],
    })
    expect(await java.validateCheck('encoded', pin)).toMatchObject({
      value: false,
      authentication: 'CHALLENGE',
      serial: phone.serial,
    })
  })

  it('sees the code field and the push side by side', async () => {
    await desk.person('both')
    const phone = await desk.phone('both')
    const { serial, code } = await desk.totp('both')
    const both = await java.triggerChallenges('both')
    expect(both.preferred).toBe('otp')
    expect(
      both.challenges?.map((one) => [one.type, one.clientMode, one.serial]).toSorted(),
    ).toEqual([
      ['push', 'poll', phone.serial],
      ['totp', 'interactive', serial],
    ])
    expect(new Set(both.challenges?.map((one) => one.transactionId)).size).toBe(1)
    expect(await java.validateCheck('both', code(), both.transactionId)).toMatchObject({
      value: true,
      authentication: 'ACCEPT',
    })
  })

  it('reads the tokens of a person: every info a string, every list there', async () => {
    await desk.person('list')
    expect(await java.getTokenInfo('list')).toEqual([])
    const phone = await desk.phone('list')
    const { serial } = await desk.totp('list')
    const tokens = await java.getTokenInfo('list')
    expect(tokens.map((one) => String(one.serial)).toSorted()).toEqual(
      [phone.serial, serial].toSorted(),
    )
    for (const token of tokens) {
      expect(token).toMatchObject({
        active: true,
        count: expect.any(Number),
        count_window: expect.any(Number),
        description: expect.any(String),
        failcount: 0,
        id: expect.any(Number),
        locked: false,
        maxfail: expect.any(Number),
        otplen: expect.any(Number),
        resolver: desk.realm,
        revoked: false,
        rollout_state: expect.any(String),
        sync_window: expect.any(Number),
        tokentype: expect.stringMatching(/^(push|totp)$/),
        user_editable: false,
        user_id: expect.any(String),
        user_realm: desk.realm,
        username: 'list',
        realms: [desk.realm],
      })
      // getAsString() takes any primitive and throws on everything else.
      for (const value of Object.values(token.info as Json))
        expect(value).not.toBeInstanceOf(Object)
      for (const value of Object.values(token.info as Json)) expect(value).not.toBeNull()
    }
  })

  it('rolls out a code, and reads what to show for it', async () => {
    await desk.person('rollout')
    const { detail } = await java.tokenRollout('rollout')
    expect(detail).toMatchObject({
      serial: expect.any(String),
      googleurl: {
        description: expect.any(String),
        img: expect.stringMatching(/^data:image\//),
        value: expect.stringMatching(/^otpauth:\/\/totp\//),
      },
      otpkey: { value: expect.stringMatching(/^seed:\/\//), value_b32: expect.any(String) },
    })
  })

  it('begins with a passkey, and is told of none, nor of a null, anywhere else', async () => {
    const answer = await java.validateInitialize()
    expect(answer.authentication).toBe('CHALLENGE')
    const { transactionId } = answer
    expect(answer.passkey).toMatchObject({
      ...{ challenge: expect.any(String), transaction_id: transactionId, rpId: 'localhost' },
      ...{ message: expect.any(String), user_verification: 'required' },
    })
    expect(answer.challenges).toEqual([])
    await desk.person('keyless')
    const none = await java.validateCheck('keyless', '1234')
    expect([none.authentication, none.passkey]).toEqual(['REJECT', null])
  })

  it('reads code and message of each refusal', async () => {
    expect((await java.validateCheck('nobody', '1234')).error).toEqual({
      code: 904,
      message: 'ERR904: The user can not be found in any resolver in this realm!',
    })
    await desk.person('bare')
    expect(await java.validateCheck('bare', '1234')).toMatchObject({
      value: false,
      authentication: 'REJECT',
      message: 'The user has no tokens assigned',
    })
  })
})

describe('hardened', () => {
  it('is heard by its service account or its key, and by nothing else', async () => {
    const desk = await openDesk(inject('hardened'), 'java-hardened')
    const known = await desk.application('login', ['trigger', 'check'])
    const java = javaClient(desk.at, plugins[0][1], desk.realm, known)
    await desk.person('anna')
    const phone = await desk.phone('anna', { pin: '1234' })
    const stranger = await java.validateCheck('anna', '1234')
    expect(stranger.error).toMatchObject({ code: 4033 })
    const fields = { user: 'anna', pass: '1234', realm: desk.realm }
    const byKey = parsed(
      await java.raw.post('/validate/check', fields, { 'X-API-Key': known.apiKey }),
    )
    expect(byKey).toMatchObject({ authentication: 'CHALLENGE', preferred: 'push' })
    const challenge = await firstOf(phone)
    // The code is shown in the text, and on the phone among others.
    const code = challenge.require_presence!.split(',').find((one) => byKey.message?.includes(one))!
    await phone.presence(challenge, code)
    const finished = parsed(
      await java.raw.post(
        '/validate/check',
        { ...fields, pass: '', transaction_id: byKey.transactionId! },
        { 'X-API-Key': known.apiKey },
      ),
    )
    expect(finished).toMatchObject({ value: true, authentication: 'ACCEPT' })
  })
})
