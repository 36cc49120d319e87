/** The calls of this page. The session is in memory alone: closing or reloading the page forgets it. */
export class Refused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The session is over: it was long enough, or it was ended elsewhere. */
export class SignedOut extends Error {}

type Reply = {
  value: unknown
  authentication: string | undefined
  detail: Record<string, unknown>
}

let session: string | null = null
export const forgetSession = (): void => void (session = null)
/** The one that took the place of ours. */
export const goOnWith = (token: string): void => void (session = token)

/** On a server with several customers the address says whose people these are: /me?customer=acme */
const customer = new URLSearchParams(location.search).get('customer')

export async function call(method: string, path: string, body?: object): Promise<Reply> {
  const headers = {
    ...(body && { 'Content-Type': 'application/json' }),
    ...(session !== null && { Authorization: session }),
    ...(customer !== null && path === '/auth' && { 'Countersign-Customer': customer }),
  }
  const request = { method, headers, ...(body && { body: JSON.stringify(body) }) }
  const response = await fetch(path, request)
  const { result, detail } = await response.json()
  if (response.status === 401 && path !== '/auth') {
    forgetSession()
    throw new SignedOut()
  }
  if (!result.status) throw new Refused(response.status, result.error.message)
  return { value: result.value, authentication: result.authentication, detail: detail ?? {} }
}

export type Asked = {
  username: string
  transaction: string
  code: string | null
  sentTo: string[]
  /** Else only a code can be typed here. */
  hasDevice: boolean
}

/** @returns what to show while the device is asked, or null where the session is open already. */
export async function signIn(
  username: string,
  password: string,
  registrationcode: string,
): Promise<Asked | null> {
  forgetSession()
  const body = { username, password, ...(registrationcode && { registrationcode }) }
  const { value, authentication, detail } = await call('POST', '/auth', body)
  if (authentication !== 'CHALLENGE') return opened(value)
  const challenges = detail['multi_challenge'] as { type: string; presence_answer?: string }[]
  const devices = challenges.filter(({ type }) => type === 'push')
  return {
    username,
    transaction: String(detail['transaction_id']),
    code: devices.find((one) => one.presence_answer)?.presence_answer ?? null,
    sentTo: (detail['sent_to'] as string[] | undefined) ?? [],
    hasDevice: devices.length > 0,
  }
}

export async function finishSignIn({ username, transaction }: Asked, typed = ''): Promise<void> {
  const body = { username, transaction_id: transaction, password: typed }
  opened((await call('POST', '/auth', body)).value)
}

export const ringAgain = ({ username, transaction }: Asked) =>
  call('POST', '/auth', { username, transaction_id: transaction, resend: 1 })

function opened(value: unknown): null {
  const { token, role } = value as { token: string; role: string }
  if (role !== 'user') throw new Refused(0, 'no person')
  session = token
  return null
}

/** @returns `accept`, `declined`, `cancelled` or `expired`, in the moment when it is so. */
export function answerTo({ transaction }: Asked, gone: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const events = new EventSource(`/validate/events/${transaction}`)
    gone.addEventListener('abort', () => events.close())
    events.addEventListener('status', ({ data }) => {
      const { challenge_status: status } = JSON.parse(data)
      if (status === 'pending') return
      events.close()
      resolve(status)
    })
  })
}

export type Device = {
  serial: string
  type: 'push' | 'totp' | 'hotp' | 'recovery' | 'passkey'
  name: string
  state: 'ready' | 'waiting' | 'off'
  added_at: number
  used_at: number | null
  expires_at: number | null
  held_until: number | null
  shows_codes: boolean
  push?: { subscribed: boolean; outcome: string | null; at: number | null }
  left?: number
}
export type Mine = { devices: Device[]; approved: boolean; changes_until: number }

export const readMine = async (): Promise<Mine> => (await call('GET', '/me/devices')).value as Mine
