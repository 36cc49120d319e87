/**
 * What changes about a token while it stays with its owner: each is asked for with a serial, in the path or beside, or with a user
 * for all of theirs, and answers how many it was. What takes a right away has ended open challenges when it answers.
 */
import { type Context, nowSeconds } from '../../env.ts'
import { reach } from '../../challenge/reach.ts'
import { hashPin } from '../../factor/pin.ts'
import { limitsFor } from '../../enrolment/limits.ts'
import {
  addressOf,
  changeAll,
  changeWithin,
  deleteAll,
  resetFailCounts,
} from '../../enrolment/manage.ts'
import { type PinAbout, checkPin, pinAtRandom } from '../../enrolment/pin.ts'
import { makeOtp } from '../../enrolment/make-otp.ts'
import type { OwnerId } from '../../crypto/sealed-id.ts'
import { refuse } from '../../problem.ts'
import { type Person, findPerson } from '../../store/people.ts'
import type { TokenChange, TokenRow } from '../../store/tokens/row.ts'
import { callerWith } from '../decode/caller.ts'
import { type Caller, setterOf } from '../decode/identity.ts'
import { hashlibOf, momentOf } from '../decode/otp-wish.ts'
import { type Parameters, parametersOf, wholeNumber } from '../decode/parameters.ts'
import { peerAddress } from '../decode/peer.ts'
import { descriptionAsked, tokensAsked } from '../decode/token-asked.ts'
import { answer } from '../encode/envelope.ts'
import { recorded } from '../recorded.ts'
import { type Call, surface } from '../surface.ts'

export const actions = surface()

type Done = { value: unknown; detail?: Record<string, unknown> }
type Asked = {
  context: Context
  parameters: Parameters
  tokens: TokenRow[]
  client: string | null
  caller: Caller
}
type Action = (asked: Asked) => Promise<Done>

/** A revoked token stays as it is; only a lost one may be replaced all the same, and any may be deleted. */
const table: Record<string, Action> = {
  enable: enable,
  disable: change(() => ({ active: false })),
  revoke: change(() => ({ active: false, revoked: true })),
  description: change((_, parameters) => ({ description: descriptionOf(parameters) })),
  reset: reset,
  setpin: setPin,
  setrandompin: setRandomPin,
  set: set,
  resync: resync,
  lost: lost,
}

for (const [name, run] of Object.entries(table))
  for (const path of [`/${name}`, `/${name}/:serial`])
    actions.post(path, (call) => act(call, name, run, name === 'lost'))

actions.delete('/:serial', (call) => act(call, 'delete', remove, true))

async function act(call: Call, name: string, run: Action, revokedToo: boolean): Promise<Response> {
  const caller = await callerWith(call, 'tokens')
  // What replaces a lost token lets its holder in: whoever makes it must be allowed to enrol.
  if (name === 'lost' && !caller.self && !caller.rights.has('enrol'))
    refuse({ reason: 'right_missing', right: 'enrol' })
  const parameters = await parametersOf(call)
  const context = call.get('context')
  const inPath = call.req.param('serial')
  const entry = {
    action: `token_${name}`,
    serial: (inPath ?? parameters.get('serial')).slice(0, 40) || undefined,
    user: parameters.get('user') || undefined,
    realm: parameters.get('realm') || undefined,
  }
  const done = await recorded(call, caller, entry, async (detail) => {
    const { serial, tokens } = await tokensAsked(context, caller.customer, parameters, inPath)
    const asked = tokens.filter(({ revoked }) => revokedToo || !revoked)
    if (serial !== '' && asked.length === 0) refuse({ reason: 'token_revoked' })
    detail.serials = asked.map((token) => token.serial)
    return run({ context, parameters, tokens: asked, client: peerAddress(call), caller })
  })
  return answer(call, done)
}

function change(of: (token: TokenRow, parameters: Parameters) => TokenChange): Action {
  return async ({ context, parameters, tokens }) => {
    await changeAll(context, tokens, (token) => of(token, parameters))
    return { value: tokens.length }
  }
}

/** One by one: each must find room among those that are active by then. */
async function enable({ context, tokens, client }: Asked): Promise<Done> {
  const asleep = tokens.filter(({ active }) => !active)
  const person = await ownerOf(context, tokens[0])
  for (const token of asleep) {
    const { customer, type, ownerId } = token
    const limited = {
      customer,
      type,
      person: person && { ...person, ownerId },
      realms: [],
      client,
    }
    const limits = (await limitsFor(context, limited)).filter(
      (limit) => limit.of === 'user' && limit.active,
    )
    await changeWithin(context, token, { active: true }, limits)
  }
  return { value: tokens.length }
}

async function remove({ context, tokens }: Asked): Promise<Done> {
  await deleteAll(context, tokens)
  return { value: tokens.length }
}

async function reset({ context, tokens }: Asked): Promise<Done> {
  await resetFailCounts(context, tokens)
  return { value: tokens.length }
}

async function setPin(asked: Asked): Promise<Done> {
  const { context, parameters, tokens } = asked
  const pin = parameters.has('otppin') ? parameters.get('otppin') : parameters.need('pin')
  await checkPin(context, await pinAbout(asked), pin)
  const pinHash = await hashPinOf(context, tokens, pin)
  await changeAll(context, tokens, () => ({ pinHash }))
  return { value: tokens.length }
}

/** One hash for all of them: they are one person's, or one token. */
const hashPinOf = (context: Context, tokens: TokenRow[], pin: string): Promise<string | null> =>
  hashPin(context, pin, (tokens[0]?.ownerId ?? '') as OwnerId)

/** Told once, to whoever asked for it. */
async function setRandomPin(asked: Asked): Promise<Done> {
  const { context, tokens } = asked
  const pin = await pinAtRandom(context, await pinAbout(asked))
  const pinHash = await hashPinOf(context, tokens, pin)
  await changeAll(context, tokens, () => ({ pinHash }))
  return { value: tokens.length, detail: { pin } }
}

const pinAbout = async ({ context, tokens, client, caller }: Asked): Promise<PinAbout> => ({
  customer: caller.customer,
  ...setterOf(caller),
  person: await ownerOf(context, tokens[0]),
  client,
})

/** Several properties at once; each counts. */
async function set(asked: Asked): Promise<Done> {
  const { context, parameters, tokens } = asked
  const wish: TokenChange = {}
  const pin = parameters.has('otppin') ? parameters.get('otppin') : parameters.get('pin')
  if (parameters.has('pin') || parameters.has('otppin')) {
    await checkPin(context, await pinAbout(asked), pin)
    wish.pinHash = await hashPinOf(context, tokens, pin)
  }
  if (parameters.has('description')) wish.description = descriptionOf(parameters)
  if (parameters.has('hashlib')) wish.hashlib = hashlibOf(parameters)
  for (const [name, column, min, max] of numbers)
    if (parameters.has(name))
      wish[column] = wholeNumber(parameters, name, { min, max, otherwise: min })
  for (const [name, column] of moments)
    if (parameters.has(name)) wish[column] = momentOf(parameters, name)
  const given = Object.keys(wish).length
  if (given === 0)
    refuse({
      reason: 'missing_parameter',
      field: `${[...numbers, ...moments].map(([name]) => name).join(', ')}, pin, description or hashlib`,
    })
  await changeAll(context, tokens, () => wish)
  return { value: tokens.length * given }
}

const numbers = [
  ['max_failcount', 'maxFailCount', 1, 10_000],
  ['count_window', 'countWindow', 1, 1000],
  ['sync_window', 'syncWindow', 1, 10_000],
  ['timeWindow', 'timeWindow', 0, 3600],
  // 0 is any number.
  ['count_auth_max', 'countAuthMax', 0, 1_000_000_000],
  ['count_auth_success_max', 'countAuthSuccessMax', 0, 1_000_000_000],
] as const

const moments = [
  ['validity_period_start', 'validFrom'],
  ['validity_period_end', 'validUntil'],
] as const

function descriptionOf(parameters: Parameters): string {
  parameters.need('description')
  return descriptionAsked(parameters)
}

async function resync({ context, parameters, tokens }: Asked): Promise<Done> {
  const otps: [string, string] = [parameters.need('otp1').trim(), parameters.need('otp2').trim()]
  const [token, ...more] = tokens
  if (!token || more.length > 0) refuse({ reason: 'missing_parameter', field: 'serial' })
  const address = addressOf(token)
  const value = await reach(context, address, (object) =>
    object.resync(address, { serial: token.serial, otps }),
  )
  return { value }
}

const lostDays = 10

/** The lost one is disabled; recovery codes with the same PIN stand in for it for some days. */
async function lost({ context, tokens }: Asked): Promise<Done> {
  const [token, ...more] = tokens
  if (!token || more.length > 0) refuse({ reason: 'missing_parameter', field: 'serial' })
  const { customer } = token
  const person = await ownerOf(context, token)
  if (!person) refuse({ reason: 'token_not_assigned' })
  const validUntil = nowSeconds(context) + lostDays * 86_400
  await changeAll(context, tokens, () => ({ active: false }))
  const made = await makeOtp(context, {
    customer,
    person: { ...person, ownerId: token.ownerId as OwnerId },
    unlimited: true,
    type: 'recovery',
    serial: '',
    description: `temporary replacement for ${token.serial}`,
    pin: { hash: token.pinHash },
    seed: null,
    length: null,
    hashlib: 'sha256',
    timeStep: 30,
    validUntil,
  })
  const end = new Date(validUntil * 1000).toISOString()
  return {
    value: {
      init: true,
      disable: 1,
      pin: token.pinHash !== null,
      serial: made.serial,
      password: made.codes[0],
      otps: { ...made.codes },
      valid_to: end,
      end_date: end.slice(0, 10),
    },
  }
}

/** @returns null for nobody's token. */
async function ownerOf(
  context: Context,
  token: TokenRow | undefined,
): Promise<(Person & { realm: string }) | null> {
  const person = token?.person ? await findPerson(context, token.person) : null
  return person && { ...person, realm: token?.realm ?? '' }
}
