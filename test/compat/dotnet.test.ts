/**
 * The C# client and AD FS: Uri.EscapeDataString, the session as the scheme of Authorization, and a parser that drops a
 * challenge which lacks one of the texts it wants. AD FS polls only where the preferred mode is push.
 */
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { type Account, type Desk, firstOf, openDesk } from './desk.ts'
import { type Fields, dotNetForm, send } from './wire.ts'

type Json = Record<string, unknown>

/** `(bool)token` of Newtonsoft: booleans and numbers convert, anything else throws. */
function toBool(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return value !== 0
  throw new Error(`Can not convert ${JSON.stringify(value)} to Boolean`)
}

const wanted = ['image', 'message', 'transaction_id', 'client_mode', 'type', 'serial']

function parsed(answer: string) {
  const { result, detail } = JSON.parse(answer) as { result: Json; detail?: Json | null }
  const error = result.error as { code: number; message: string } | undefined
  const challenges = ((detail?.multi_challenge ?? []) as Json[]).filter((one) =>
    wanted.every((name) => typeof one[name] === 'string'),
  )
  const mode = detail?.preferred_client_mode
  return {
    status: toBool(result.status),
    value: result.value === undefined ? false : toBool(result.value),
    authentication: result.authentication,
    error,
    message: detail?.message,
    serial: detail?.serial,
    type: detail?.type,
    transactionId: detail?.transaction_id as string | undefined,
    preferred: mode === 'interactive' ? 'otp' : mode === 'poll' ? 'push' : mode,
    challenges,
  }
}

function dotNetClient(at: string, agent: string, realm: string, account: Account) {
  const headers: Record<string, string> = { 'User-Agent': agent }
  const post = async (path: string, fields: Fields) => {
    const all = { ...headers, 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' }
    return (await send(at, { method: 'POST', path, headers: all, body: dotNetForm(fields) })).text
  }
  const get = async (path: string, fields: Fields) =>
    (await send(at, { path: `${path}?${dotNetForm(fields)}`, headers })).text
  return {
    /** From then on each request carries it: AuthenticationHeaderValue with a scheme and nothing behind. */
    async signIn() {
      const { username, password } = account
      const answer = JSON.parse(await post('/auth', { username, password })) as {
        result: { value: { token: string } }
      }
      headers.Authorization = answer.result.value.token
    },
    triggerChallenges: async (user: string) =>
      parsed(await post('/validate/triggerchallenge', { user, realm })),
    validateCheck: async (user: string, pass: string, id?: string) =>
      parsed(
        await post('/validate/check', { user, pass, ...(id && { transaction_id: id }), realm }),
      ),
    pollTransaction: async (id: string) => {
      const { result } = JSON.parse(
        await get('/validate/polltransaction', { transaction_id: id }),
      ) as {
        result: Json
      }
      return toBool(result.value)
    },
    validateInitialize: async () => parsed(await get('/validate/initialize', { type: 'passkey' })),
    userHasToken: async (user: string) => {
      const { result } = JSON.parse(await get('/token/', { user, realm })) as {
        result: { value: { count: number } }
      }
      return result.value.count !== 0
    },
    tokenInit: async (user: string) =>
      JSON.parse(await post('/token/init', { user, type: 'totp', genkey: '1', realm })) as {
        result: { status: boolean; value: unknown }
        detail: { serial: string; googleurl: { value: string; img: string } }
      },
  }
}

const plugins = [
  ['adfs', 'PrivacyIDEA-ADFS/1.3.0 Windows/WIN-ADFS1'],
  ['csharp', 'privacyidea-csharp-client/1.0.0'],
] as const

let desk: Desk
let account: Account
let client: ReturnType<typeof dotNetClient>
beforeAll(async () => {
  desk = await openDesk(inject('plain'), 'dotnet')
  account = await desk.application('login', ['trigger', 'check', 'enrol'])
})

describe.each(plugins)('%s', (name, agent) => {
  const user = (suffix: string) => `${name}-${suffix}`

  beforeAll(async () => {
    client = dotNetClient(desk.at, agent, desk.realm, account)
    await client.signIn()
  })

  it('keeps the push challenge, because nothing it wants is missing, and finishes after a poll', async () => {
    await desk.person(user('push'))
    const phone = await desk.phone(user('push'))
    const asked = await client.triggerChallenges(user('push'))
    expect(asked).toMatchObject({
      status: true,
      value: true,
      authentication: 'CHALLENGE',
      preferred: 'push',
      serial: phone.serial,
      type: 'push',
      challenges: [{ type: 'push', client_mode: 'poll', serial: phone.serial, image: '' }],
    })
    expect(await client.pollTransaction(asked.transactionId!)).toBe(false)
    await phone.accept(await firstOf(phone))
    expect(await client.pollTransaction(asked.transactionId!)).toBe(true)
    expect(await client.validateCheck(user('push'), '', asked.transactionId)).toMatchObject({
      value: true,
      authentication: 'ACCEPT',
      error: undefined,
    })
  })
})

describe('either of them', () => {
  it('shows the field for a code first where there is one, and the push beside it', async () => {
    await desk.person('both')
    await desk.phone('both')
    const { code } = await desk.totp('both')
    const asked = await client.triggerChallenges('both')
    expect(asked).toMatchObject({ value: true, preferred: 'otp' })
    expect(asked.challenges).toHaveLength(2)
    expect(await client.validateCheck('both', '000000', asked.transactionId)).toMatchObject({
      value: false,
      authentication: 'REJECT',
    })
    expect(await client.validateCheck('both', code(), asked.transactionId)).toMatchObject({
      value: true,
      authentication: 'ACCEPT',
    })
  })

  it('is told no after a decline', async () => {
    await desk.person('no')
    const phone = await desk.phone('no')
    const { transactionId } = await client.triggerChallenges('no')
    await phone.decline(await firstOf(phone))
    expect(await client.pollTransaction(transactionId!)).toBe(false)
    expect(await client.validateCheck('no', '', transactionId)).toMatchObject({
      status: true,
      value: false,
    })
  })

  it('finds that somebody has no token, enrols a code for them, and finds it', async () => {
    await desk.person('fresh')
    expect(await client.userHasToken('fresh')).toBe(false)
    const { result, detail } = await client.tokenInit('fresh')
    expect(toBool(result.value)).toBe(true)
    expect(detail.serial).toMatch(/^TOTP/)
    expect(detail.googleurl.value).toMatch(/^otpauth:\/\/totp\//)
    expect(detail.googleurl.img).toMatch(/^data:image\//)
    expect(await client.userHasToken('fresh')).toBe(true)
  })

  it('begins with a passkey: a challenge of nobody in particular', async () => {
    expect(await client.validateInitialize()).toMatchObject({ authentication: 'CHALLENGE' })
  })
})
