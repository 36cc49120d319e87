/**
 * Exchanges recorded from a running privacyIDEA 3.11.5 (test/vectors/privacyidea.json), replayed in their order against a server of
 * ours with `hardening` deleted. Names that a server makes up (serials, transactions) are translated as they come; what
 * happened between two recorded exchanges is done again here.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { application } from '../support/application.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { StockPhone, type StockChallenge } from '../support/stock-phone.ts'
import vectors from '../vectors/privacyidea.json' with { type: 'json' }
import { type Difference, type Json, differences } from './compare.ts'
import { totp } from './desk.ts'
import { adminPassword } from './servers.ts'
import { type WireAnswer, pause, send } from './wire.ts'

type Exchange = {
  name: string
  request: { method: string; path: string; as?: string; parameters?: Record<string, Json> }
  status: number
  answer: Json
}
type Answered = Pick<WireAnswer, 'status' | 'text'>

/** Differences on purpose: which exchange (* is each), where, and why. */
const exceptions: { exchange: string; path: RegExp; why: string }[] = [
  {
    exchange: 'phone: poll',
    path: /^result\.value\.0\.title$/,
    why: 'The title is the name of the product, and ours is another.',
  },
  {
    exchange: 'admin: list of the token',
    path: /\.info\.private_key_server(\.type)?$/,
    why: 'Server keys are never given out, sealed or not.',
  },
  {
    exchange: 'auth: rights',
    path: /^result\.value\.(?!push$|totp$|hotp$)/,
    why: 'Types of tokens that we do not offer.',
  },
]

const seed = Buffer.from('12345678901234567890')
let deployment: Deployment
let admin: ReturnType<typeof application>
let at: string
let token = ''
const phones = new Map<string, StockPhone>()
let open: StockChallenge | undefined
let link = ''
let heard: Answered = { status: 0, text: '' }

/** The phones' fetch: what comes back is kept as it came. */
const listening = async (address: string, init: RequestInit): Promise<Response> => {
  const response = await fetch(address, init)
  heard = { status: response.status, text: await response.text() }
  return new Response(heard.text, { status: heard.status })
}
/** Recorded name → ours. */
const translation = new Map<string, string>([['adminpw', adminPassword]])

beforeAll(async () => {
  deployment = await startDeployment()
  at = deployment.server().listensAt
  translation.set('http://127.0.0.1:5001/ttype/push', `${deployment.url}/ttype/push`)
  admin = await deployment.administrator()
  await must('DELETE', '/policy/hardening')
  await must('POST', '/resolver/res1', { type: 'local' })
})
afterAll(() => deployment?.remove())

async function must(method: string, path: string, body?: object): Promise<Json> {
  const { status, envelope } = await admin.call(method, path, body)
  if (status !== 200) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(envelope)}`)
  return envelope as unknown as Json
}

const addUser = (user: string, password = '') =>
  must('POST', '/user/', { user, resolver: 'res1', password })

async function newToken(recordedSerial: string, parameters: object): Promise<string> {
  const made = (await must('POST', '/token/init', {
    realm: 'realm1',
    pin: '1234',
    ...parameters,
  })) as { detail: { serial: string; pushurl?: { value: string } } }
  translation.set(recordedSerial, made.detail.serial)
  return made.detail.pushurl?.value ?? ''
}

async function newPhone(recordedSerial: string, user: string): Promise<StockPhone> {
  const address = await newToken(recordedSerial, { type: 'push', genkey: 1, user })
  const phone = await StockPhone.enrol(address, listening)
  phones.set(recordedSerial, phone)
  return phone
}

const deleteToken = (recordedSerial: string) =>
  must('DELETE', `/token/${translation.get(recordedSerial)}`)
const first = async (recordedSerial: string) => (await phones.get(recordedSerial)!.poll())[0]!

/** What happened before an exchange and was not recorded. */
const before: Record<string, () => Promise<unknown>> = {
  'admin: token/init push': () => addUser('u001'),
  'app: triggerchallenge': async () => {
    await addUser('u002')
    await newPhone('PIPU0032D316', 'u002')
  },
  'app: redeem by serial': async () => {
    const phone = phones.get('PIPU0032D316')!
    await phone.accept(await first('PIPU0032D316'))
  },
  'admin: init totp genkey': () => addUser('u035'),
  'app: PIN+OTP': async () => {
    await deleteToken('TOTP0002E31F')
    await newToken('TOTP000270A7', { type: 'totp', otpkey: seed.toString('hex'), user: 'u035' })
    translation.set('1234348522', `1234${totp(seed)}`)
  },
  'auth: user login': () => addUser('u034', 'userpw'),
  'admin: list of the token': () => newPhone('PIPU0034222F', 'u034'),
  'admin: challenges of the token': () =>
    must('POST', '/validate/triggerchallenge', { serial: translation.get('PIPU0034222F') }),
  'app: check, presence required': async () => {
    await deleteToken('PIPU003281B3')
    await newPhone('PIPU0033B202', 'u001')
    await must('POST', '/policy/push_presence', {
      scope: 'authentication',
      action: { push_require_presence: '1' },
      active: true,
      realm: '',
    })
  },
  'app: check, two tokens same PIN': async () => {
    await must('DELETE', '/policy/push_presence')
    await addUser('u025')
    await newPhone('PIPU0031C0E6', 'u025')
    await newPhone('PIPU0032E32E', 'u025')
  },
  'app: check with push_wait, accepted after 2 s': async () => {
    await addUser('u023')
    await newPhone('PIPU003367F4', 'u023')
    void pause(500).then(async () =>
      phones.get('PIPU003367F4')!.accept(await first('PIPU003367F4')),
    )
  },
  'admin: disable': () => newPhone('PIPU00320BE2', 'u002'),
}

/** What a phone signs cannot be replayed: the phone does it again. */
const byPhone: Record<string, () => Promise<unknown>> = {
  'phone: enrollment step 2': async () =>
    phones.set(
      'PIPU003281B3',
      await StockPhone.enrol(link, listening, {
        generation: 'nonceless',
        fbtoken: 'poll-only-no-fbtoken',
      }),
    ),
  'phone: poll': async () => {
    const { envelope } = await phones.get('PIPU003281B3')!.pollRaw()
    ;[open] = envelope.result.value as StockChallenge[]
  },
  'phone: accept': () => phones.get('PIPU003281B3')!.accept(open!),
  'phone: poll after the answer': () => phones.get('PIPU003281B3')!.pollRaw(),
}

async function replay({ name, request }: Exchange): Promise<Answered> {
  await before[name]?.()
  if (byPhone[name]) {
    await byPhone[name]()
    return heard
  }
  const { method, as = '' } = request
  const parameters = translated(request.parameters ?? {}) as Record<string, string>
  const path = request.path
    .replace('<serial>', 'PIPU0034222F')
    .split('/')
    .map((part) => translation.get(part) ?? part)
    .join('/')
  const signedIn =
    !name.includes('without auth') &&
    (/^admin: (?!log in)/.test(name) ||
      ['auth: rights', 'app: triggerchallenge', 'app: trigger TOTP'].includes(name))
  const query = as === 'query' ? `?${new URLSearchParams(parameters)}` : ''
  return send(at, {
    method: method as 'GET',
    path: path + query,
    headers: {
      ...(as.startsWith('application/') && { 'Content-Type': as }),
      ...(signedIn && { Authorization: token }),
    },
    ...(as === 'application/json' && { body: JSON.stringify(parameters) }),
    ...(as.includes('urlencoded') && { body: String(new URLSearchParams(parameters)) }),
  })
}

function translated(value: Json): Json {
  if (typeof value === 'string') {
    const letter = translation.get('Z')
    const known = translation.get(value)
    return known ?? (letter ? value.replace(/: Z$/, `: ${letter}`) : value)
  }
  if (Array.isArray(value)) return value.map(translated)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, translated(one)]))
}

/** Names that a server makes up: the first time one is met, ours is taken for it, and from then on it must be that. */
const madeUp = ['serial', 'transaction_id', 'enrollment_credential', 'nonce', 'presence_answer']

function learn(recorded: Json, ours: Json | undefined): void {
  if (typeof recorded !== 'object' || recorded === null) return
  if (typeof ours !== 'object' || ours === null) return
  for (const [name, value] of Object.entries(recorded)) {
    const other = (ours as Record<string, Json>)[name]
    const isName = madeUp.includes(name) && typeof value === 'string' && typeof other === 'string'
    if (isName && !translation.has(value)) translation.set(value, other)
    learn(value, other)
  }
}

const textAt = (json: Json, ...path: string[]): string =>
  String(path.reduce<unknown>((at, name) => (at as Record<string, unknown>)?.[name], json))

const used = new Set<(typeof exceptions)[number]>()

function allowed(exchange: string, { path }: Difference): boolean {
  const made = exceptions.find(
    (one) => [exchange, '*'].includes(one.exchange) && one.path.test(path),
  )
  if (made) used.add(made)
  return made !== undefined
}

it.each(vectors.exchanges as Exchange[])('$name', async (exchange) => {
  const { status, text } = await replay(exchange)
  const ours = JSON.parse(text) as Json
  if (exchange.name === 'admin: log in') token = textAt(ours, 'result', 'value', 'token')
  if (exchange.name === 'admin: token/init push') link = textAt(ours, 'detail', 'pushurl', 'value')
  learn(exchange.answer, ours)
  const found = differences(
    { status: exchange.status, ...(translated(exchange.answer) as object) } as Json,
    { status, ...(ours as object) } as Json,
  )
    .filter((one) => !allowed(exchange.name, one))
    .map((one) => `${one.path}: ${JSON.stringify(one.recorded)}, ours ${JSON.stringify(one.ours)}`)
  expect(found).toEqual([])
})

it('nothing is excepted that is not different any more', () => {
  const idle = exceptions.filter((one) => !used.has(one))
  expect(idle.map(({ exchange, path }) => `${exchange}: ${path}`)).toEqual([])
})
