/**
 * The PAM module in C++: libcurl, parameters in the order of a std::map, two polls a second, and a JSON library that throws
 * whenever a value is not of the type it is read as. An exception in a PAM module ends sshd's child: nobody gets in.
 */
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { type Desk, firstOf, openDesk } from './desk.ts'
import { type Fields, cPlusPlusForm, form, pause, send } from './wire.ts'

type Json = Record<string, unknown>

const headers = { 'User-Agent': 'PAM/1.0.0', Accept: '*/*' }
const ordered = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).toSorted(([one], [other]) => (one < other ? -1 : 1)))

function get<T>(value: unknown, type: 'boolean' | 'string' | 'number'): T {
  if (typeof value !== type) throw new Error(`type_error.302: type must be ${type}`)
  return value as T
}

function parsed(answer: string) {
  const root = JSON.parse(answer) as { result: Json; detail?: Json | null }
  const { result } = root
  const detail = root.detail ?? {}
  const error = result.error as Json | undefined
  const many = Array.isArray(detail.multi_challenge) ? (detail.multi_challenge as Json[]) : []
  const types = many.map(({ type }) => get<string>(type, 'string'))
  for (const one of many)
    for (const name of ['message', 'transaction_id', 'client_mode', 'serial'])
      get<string>(one[name], 'string')
  const pushTriggered = types.includes('push')
  return {
    success: 'value' in result && get<boolean>(result.value, 'boolean'),
    errorMessage: error ? get<string>(error.message, 'string') : '',
    errorCode: error ? get<number>(error.code, 'number') : 0,
    message: 'message' in detail ? get<string>(detail.message, 'string') : '',
    transactionId: 'transaction_id' in detail ? get<string>(detail.transaction_id, 'string') : '',
    pushTriggered,
    promptForOtp: !pushTriggered || types.some((type) => type !== 'push'),
  }
}

let desk: Desk
const realmOf = (user: string) => `${user}@${desk.realm}`
beforeAll(async () => {
  desk = await openDesk(inject('plain'), 'pam')
  await desk.policy('codes', 'authentication', { challenge_response: 'totp' })
})

async function validateCheck(user: string, pass: string, id = '') {
  const fields = ordered({ user: realmOf(user), pass, ...(id && { transaction_id: id }) })
  const all = { ...headers, 'Content-Type': form }
  const body = cPlusPlusForm(fields)
  return parsed(
    (await send(desk.at, { method: 'POST', path: '/validate/check', headers: all, body })).text,
  )
}

async function pollTransaction(id: string): Promise<boolean> {
  const path = `/validate/polltransaction?${cPlusPlusForm({ transaction_id: id })}`
  return parsed((await send(desk.at, { path, headers })).text).success
}

/** The module's loop: prompt where told to, poll where a push was triggered, go on while there is a transaction. */
async function authenticate(
  user: string,
  {
    password,
    typed = () => '',
    pollSeconds = 10,
  }: { password: string; typed?: (prompt: string) => string; pollSeconds?: number },
): Promise<{ success: boolean; prompts: string[]; error: number }> {
  const prompts: string[] = []
  let last = await validateCheck(user, password)
  for (let rounds = 0; rounds < 5; rounds++) {
    if (last.success) return { success: true, prompts, error: 0 }
    let otp = ''
    if (last.promptForOtp) {
      prompts.push(last.message)
      otp = typed(last.message)
    }
    let next: typeof last | null = null
    if (last.pushTriggered) {
      let polls = last.promptForOtp ? 1 : pollSeconds * 2
      while (polls-- > 0 && !next) {
        await pause(500)
        if (await pollTransaction(last.transactionId))
          next = await validateCheck(user, '', last.transactionId)
      }
    }
    if (!next && last.promptForOtp) next = await validateCheck(user, otp, last.transactionId)
    if (!next) return { success: false, prompts, error: 0 }
    if (next.errorMessage) return { success: false, prompts, error: next.errorCode }
    if (!next.transactionId) return { success: next.success, prompts, error: 0 }
    last = next
  }
  throw new Error('the module prompts for ever')
}

describe('PAM', () => {
  it('sends the Unix password as PIN, polls twice a second, and lets the person in', async () => {
    await desk.person('shell')
    const phone = await desk.phone('shell', { pin: '1234' })
    const login = authenticate('shell', { password: '1234' })
    await pause(800)
    await phone.accept(await firstOf(phone))
    expect(await login).toEqual({ success: true, prompts: [], error: 0 })
  })

  it('prompts with the text of the challenge where a code will do, and takes the code', async () => {
    await desk.person('typist')
    const { code } = await desk.totp('typist')
    const prompts: string[] = []
    const login = await authenticate('typist', {
      password: '1234',
      typed: (prompt) => {
        prompts.push(prompt)
        return code()
      },
    })
    expect(login).toEqual({ success: true, prompts: ['please enter otp: '], error: 0 })
  })

  it('ends after one wrong code, and asks nothing further', async () => {
    await desk.person('fumbler')
    const { code } = await desk.totp('fumbler')
    const wrong = await authenticate('fumbler', { password: '1234', typed: () => '000000' })
    expect(wrong.success).toBe(false)
    expect(wrong.prompts).toHaveLength(1)
    const right = await authenticate('fumbler', { password: '1234', typed: () => code() })
    expect(right.success).toBe(true)
  })

  it('ends after a wrong PIN, a decline, an unknown name, a name without tokens; nothing throws', async () => {
    await desk.person('sorry')
    const phone = await desk.phone('sorry', { pin: '1234' })
    expect(await authenticate('sorry', { password: 'wrong' })).toMatchObject({ success: false })
    const login = authenticate('sorry', { password: '1234', pollSeconds: 2 })
    await pause(300)
    await phone.decline(await firstOf(phone))
    expect(await login).toMatchObject({ success: false })
    await desk.person('bare')
    expect(await authenticate('bare', { password: '1234' })).toMatchObject({ success: false })
    const nobody = await validateCheck('nobody', '1234')
    expect(nobody).toMatchObject({ success: false, errorCode: 904 })
    const again = authenticate('sorry', { password: '1234' })
    await pause(300)
    await phone.accept(await firstOf(phone))
    expect(await again).toMatchObject({ success: true })
  })
})
