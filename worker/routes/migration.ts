/** /migration: everything that another system keeps, at once: privacyIDEA's people, tokens, PINs and policies, NetScaler's devices. */
import { splitRealm } from '../challenge/whose.ts'
import type { Context } from '../env.ts'
import { openFernet, isFernet } from '../migration/fernet.ts'
import { judgePeople } from '../migration/load-people.ts'
import { type PolicyRead, knownActions, loadPolicies } from '../migration/load-policies.ts'
import { loadTokens } from '../migration/load-tokens.ts'
import { type DeviceFound, defaultAttribute, readNetscaler } from '../migration/netscaler.ts'
import { withPins } from '../migration/pins.ts'
import {
  type PolicyFound,
  type PrivacyIdea,
  readPins,
  readPrivacyIdea,
} from '../migration/privacyidea.ts'
import {
  type Found,
  type Left,
  type Load,
  type Outcome,
  type TokenFound,
  left,
} from '../migration/rows.ts'
import { serialOfDevice } from '../migration/serial.ts'
import type { Act } from '../policy/acts.ts'
import type { Right } from '../policy/rights.ts'
import { Refusal, refuse, show } from '../problem.ts'
import { type Caller, callerWith } from './decode/caller.ts'
import { fileOf } from './decode/file.ts'
import { type Parameters, isTrue, parametersFrom, parametersOf } from './decode/parameters.ts'
import { judgePolicies } from './decode/permission.ts'
import { policyOf } from './decode/policy.ts'
import { answer } from './encode/envelope.ts'
import { recordedLoad } from './recorded-load.ts'
import { type Call, surface } from './surface.ts'

export const migration = surface()

migration.post('/privacyidea', async (call) => {
  const { caller, parameters, load } = await begun(call)
  const text = await fileOf(call, parameters)
  const file = readPrivacyIdea(isFernet(text) ? openFernet(text, parameters.need('key')) : text)
  await needRights(call, caller, file)
  const outcomes = await recordedLoad(
    call,
    caller,
    { type: 'privacyIDEA', dryRun: load.dryRun, action: 'migration' },
    () => loadAll(call.get('context'), load, file, parameters),
  )
  return told(call, load, outcomes)
})

migration.post('/netscaler', async (call) => {
  const { caller, parameters, load } = await begun(call)
  if (!caller.rights.has('tokens')) refuse({ reason: 'right_missing', right: 'tokens' })
  const text = await fileOf(call, parameters)
  const found = readNetscaler(text, parameters.get('attribute').trim() || defaultAttribute)
  const context = call.get('context')
  const outcomes = await recordedLoad(
    call,
    caller,
    { type: 'NetScaler', dryRun: load.dryRun, action: 'migration' },
    async () => {
      const rows = await Promise.all(
        found.rows.map((one) => deviceToken(context, load.customer, one, parameters)),
      )
      return loadTokens(context, load, { rows, left: found.left })
    },
  )
  return told(call, load, outcomes)
})

async function begun(call: Call) {
  const caller = await callerWith(call, 'enrol')
  const parameters = await parametersOf(call)
  const load: Load = { customer: caller.customer, dryRun: isTrue(parameters, 'dry_run') }
  return { caller, parameters, load }
}

/** Who brings something here must be allowed to make it one by one as well. @throws Refusal right_missing · action_denied */
async function needRights(
  call: Call,
  caller: Caller,
  { tokens, people, policies }: PrivacyIdea,
): Promise<void> {
  const some = ({ rows, left: others }: Found<unknown>) => rows.length + others.length > 0
  const needed: [boolean, Right, Act][] = [
    [some(tokens), 'tokens', {}],
    [some(people), 'people', { action: 'adduser' }],
    [some(policies), 'settings', { action: 'policywrite' }],
  ]
  for (const [isNeeded, right, act] of needed)
    if (isNeeded) {
      if (!caller.rights.has(right)) refuse({ reason: 'right_missing', right })
      await judgePolicies(call, caller, act)
    }
}

/** People and their tokens together. */
async function loadAll(
  context: Context,
  load: Load,
  file: PrivacyIdea,
  parameters: Parameters,
): Promise<Outcome[]> {
  const { tokens, left: pinsLeft } = await tokensWithPins(context, file, parameters)
  const joining = await judgePeople(context, load, file.people)
  const loaded = await loadTokens(context, load, tokens, joining)
  const read = [
    ...file.policies.left,
    ...file.policies.rows.map((one) => policyRead(one, parameters)),
  ]
  const policies = await loadPolicies(context, load, read)
  return [...loaded, ...pinsLeft.map((one) => left(one, one.why)), ...policies]
}

/** A token that loses its PIN on the way would let in whoever holds it. @throws Refusal bad_parameter */
async function tokensWithPins(
  context: Context,
  { tokens, pins }: PrivacyIdea,
  parameters: Parameters,
): Promise<{ tokens: Found<TokenFound>; left: Left[] }> {
  const beside = parameters.get('pins')
  if (pins) return withPins(context, tokens, pins)
  if (beside.trimStart().startsWith('[')) return withPins(context, tokens, readPins(beside))
  if (tokens.rows.length > 0 && beside !== 'none')
    refuse({
      reason: 'bad_parameter',
      field: 'pins',
      mend: 'is missing: no export of privacyIDEA has the PINs. Add them to the file, as the README says, or say pins=none if these tokens have none',
    })
  return { tokens, left: [] }
}

/** The same checks as where somebody writes it by hand. */
function policyRead(
  { row, policy, entry }: PolicyFound,
  parameters: Parameters,
): PolicyRead | Left {
  const { known, unknown } = knownActions(
    String(entry.scope),
    entry.action as object as Record<string, unknown>,
  )
  const skip = isTrue(parameters, 'skip_invalid') && unknown.length > 0
  try {
    const given = skip ? { ...entry, action: known } : entry
    return {
      row,
      policy,
      written: policyOf(policy, parametersFrom(given)),
      note: skip ? `without what is not known here: ${unknown.join(', ')}` : '',
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { detail } = show(error.failure)
    const mend = unknown.length > 0 ? '; skip_invalid=1 takes the policy without it' : ''
    return { row, policy, why: detail + mend }
  }
}

/** Its serial follows from whose device it is: the same file gives the same serials. */
async function deviceToken(
  context: Context,
  customer: string,
  { device, ...token }: DeviceFound,
  parameters: Parameters,
): Promise<TokenFound> {
  const asked = parameters.get('realm').trim()
  const { username, realm } = await splitRealm(context, customer, token.user, asked)
  const owner = { username, realm: realm ?? asked, resolver: '' }
  return { ...token, owner, serial: await serialOfDevice(customer, owner, device) }
}

function told(call: Call, { dryRun }: Load, outcomes: Outcome[]): Response {
  const taken = outcomes.filter(({ outcome }) => outcome === 'taken').length
  return answer(call, {
    value: { n_imported: taken, n_not_imported: outcomes.length - taken },
    detail: { dry_run: dryRun, rows: outcomes },
  })
}
