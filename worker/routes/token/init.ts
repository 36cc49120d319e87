/** POST /token/init: begins the enrolment of a device or a passkey, or makes a token of one-time passwords. */
import { accountOwner } from '../../challenge/whose.ts'
import { beginEnrolment } from '../../enrolment/begin.ts'
import { labelFor } from '../../enrolment/label.ts'
import { pinForNew } from '../../enrolment/pin.ts'
import { makeOtp } from '../../enrolment/make-otp.ts'
import { makeSignInCode } from '../../enrolment/sign-in-code.ts'
import { refuse } from '../../problem.ts'
import { type Caller, callerWith } from '../decode/caller.ts'
import { setterOf } from '../decode/identity.ts'
import { momentOf, otpShape, seedOf } from '../decode/otp-wish.ts'
import { type Parameters, parametersOf } from '../decode/parameters.ts'
import { peerAddress } from '../decode/peer.ts'
import { realmsAsked } from '../decode/place.ts'
import { descriptionAsked, personAsked } from '../decode/token-asked.ts'
import { answer } from '../encode/envelope.ts'
import { link, otpEnrolment } from '../encode/otp-enrolment.ts'
import { recorded } from '../recorded.ts'
import { type Call, surface } from '../surface.ts'
import { initPasskey } from './passkey.ts'

export const init = surface()

const types = ['push', 'totp', 'hotp', 'recovery'] as const

init.post('/init', async (call) => {
  const caller = await callerWith(call, 'enrol')
  const parameters = await parametersOf(call)
  const named = (parameters.get('type') || 'push').toLowerCase()
  if (parameters.get('account') !== '' && named !== 'push')
    refuse({ reason: 'bad_parameter', field: 'type', mend: 'must be push for an account' })
  if (named === 'registration') return initCode(call, caller, parameters)
  if (named === 'passkey') return initPasskey(call, caller, parameters)
  const type = types.find((known) => known === named)
  if (!type)
    refuse({
      reason: 'token_type_unknown',
      type: named,
      known: [...types, 'passkey', 'registration'],
    })
  return type === 'push'
    ? initPush(call, caller, parameters)
    : initOtp(call, caller, parameters, type)
})

/** What is asked for whatever its type; the PIN as policies want it. */
async function asked(call: Call, caller: Caller, parameters: Parameters) {
  const context = call.get('context')
  const { customer } = caller
  const person = await personAsked(context, customer, parameters)
  const client = peerAddress(call)
  const typed = parameters.get('otppin') || parameters.get('pin')
  const { pin, made } = await pinForNew(
    context,
    { customer, ...setterOf(caller), person, client },
    typed,
  )
  return {
    // Told once: nobody chose it.
    told: made ? { pin } : {},
    wish: {
      customer,
      person,
      client,
      pin,
      realms: await realmsBeside(call, caller, parameters, person !== null),
      serial: parameters.get('serial').trim(),
      description: descriptionAsked(parameters),
      validFrom: momentOf(parameters, 'validity_period_start'),
      validUntil: momentOf(parameters, 'validity_period_end'),
    },
  }
}

/** Those that are named, and where no user is, the realm itself. */
async function realmsBeside(
  call: Call,
  { customer }: Caller,
  parameters: Parameters,
  isOwned: boolean,
): Promise<string[]> {
  const context = call.get('context')
  const named = await realmsAsked(context, customer, parameters.get('tokenrealm'))
  const realm = isOwned ? '' : parameters.get('realm').trim()
  return [...new Set([...(await realmsAsked(context, customer, realm)), ...named])]
}

async function initPush(call: Call, caller: Caller, parameters: Parameters): Promise<Response> {
  const context = call.get('context')
  const { wish, told } = await asked(call, caller, parameters)
  const account = await accountAsked(call, caller, parameters)
  const begun = await beginEnrolment(context, {
    ...wish,
    ...(account && { account, person: null, realms: [] }),
    ...(caller.self && { bySelf: true }),
    by: { name: caller.name, application: caller.application.id },
  })
  return answer(call, {
    value: true,
    detail: {
      serial: begun.serial,
      ...told,
      rollout_state: 'clientwait',
      enrollment_credential: begun.secret,
      enrolment_url: begun.link,
      enrolment_code: begun.code,
      expires_at: begun.expiresAt,
      pushurl:
        begun.stockLink === null
          ? link('Link that enrols a device', begun.link)
          : link('URL for privacyIDEA Push Token', begun.stockLink),
    },
  })
}

/** An administrator's device is their own to enrol. @throws Refusal device_not_own */
async function accountAsked(call: Call, { account }: Caller, parameters: Parameters) {
  const named = parameters.get('account').trim()
  if (named === '') return null
  if (account?.role !== 'admin' || account.username !== named) refuse({ reason: 'device_not_own' })
  const { id, username, customer } = account
  return { id, username, ownerId: await accountOwner(call.get('context'), customer, id) }
}

/** Whoever has no device signs in with it at /me, once. Nobody makes one for themselves: it would outlast what they have shown. */
async function initCode(call: Call, caller: Caller, parameters: Parameters): Promise<Response> {
  if (caller.self) refuse({ reason: 'action_denied', role: 'User', action: 'enrollREGISTRATION' })
  const context = call.get('context')
  const { customer } = caller
  const user = parameters.need('user')
  const entry = { action: 'sign_in_code', user, realm: parameters.get('realm') || undefined }
  const detail = await recorded(call, caller, entry, async () => {
    const person = await personAsked(context, customer, parameters)
    if (!person) return refuse({ reason: 'user_not_found' })
    const { code, expiresAt } = await makeSignInCode(context, customer, person.ownerId)
    return { registrationcode: code, expires_at: expiresAt, rollout_state: 'enrolled' }
  })
  return answer(call, { value: true, detail })
}

async function initOtp(
  call: Call,
  caller: Caller,
  parameters: Parameters,
  type: 'totp' | 'hotp' | 'recovery',
): Promise<Response> {
  const context = call.get('context')
  const entry = {
    action: 'token_init',
    user: parameters.get('user') || undefined,
    realm: parameters.get('realm') || undefined,
    detail: { type },
  }
  const detail = await recorded(call, caller, entry, async (noted) => {
    const { wish: common, told } = await asked(call, caller, parameters)
    const { person, client } = common
    const wish = {
      ...common,
      type,
      ...otpShape(parameters),
      seed: type === 'recovery' ? null : seedOf(parameters),
    }
    const made = await makeOtp(context, wish)
    noted.serial = made.serial
    const label = await labelFor(context, {
      customer: caller.customer,
      serial: made.serial,
      person,
      client,
    })
    return { ...otpEnrolment(wish, made, label), ...told }
  })
  return answer(call, { value: true, detail })
}
