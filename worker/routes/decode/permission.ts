/**
 * What the policies of scope admin and user say of an act. As privacyIDEA has it: where no policy of the scope holds, everything is
 * allowed; where one does, only what is granted. A key or a service account is limited by its rights already, so only policies that
 * name it in `adminuser` limit it further; an administrator is limited by all.
 */
import { nowSeconds } from '../../env.ts'
import type { Act } from '../../policy/acts.ts'
import { type Policy, type Subject, isExclusion, isGranted } from '../../policy/match.ts'
import { refuse } from '../../problem.ts'
import { readPolicies } from '../../store/policies.ts'
import { readRealms } from '../../store/realms.ts'
import { readSettings } from '../../store/settings.ts'
import type { Call } from '../surface.ts'
import type { Caller, Self } from './identity.ts'
import { type Parameters, parametersOf } from './parameters.ts'
import { peerAddress } from './peer.ts'
import { aboutOf } from './subject.ts'

type About = Omit<Subject, 'nowMs'>

/** So long after they approved it a session does what could shut its person out, or let somebody else in. */
export const recentSeconds = 900

/** @throws Refusal action_denied · factor_needed · factor_stale */
export async function judgePerson(call: Call, caller: Caller, self: Self, act: Act): Promise<void> {
  const context = call.get('context')
  const { username: user, realm, resolver } = self
  const about: About = { user, realm, resolver, ...clientOf(call) }
  const action = await actionOf(call, act)
  if (action !== null && action !== 'tokenlist') {
    const policies = await readPolicies(context, caller.customer)
    if (!isGranted(policies, 'user', action, { ...about, nowMs: context.nowMs() }))
      refuse({ reason: 'action_denied', role: 'User', action })
  }
  if (call.req.method === 'GET') return
  const isRecent = nowSeconds(context) < self.sinceAt + recentSeconds
  if (self.approved && (isRecent || !act.recent)) return
  const { selfServiceFactor } = await readSettings(context, caller.customer, about)
  if (selfServiceFactor === 1) refuse({ reason: self.approved ? 'factor_stale' : 'factor_needed' })
}

/** @returns the caller, and of which realms a list may tell. @throws Refusal action_denied */
export async function judgePolicies(call: Call, caller: Caller, act: Act): Promise<Caller> {
  const action = await actionOf(call, act)
  if (action === null) return caller
  const context = call.get('context')
  const policies = await readPolicies(context, caller.customer)
  if (!isLimited(policies, caller)) return caller
  const who: Omit<Subject, 'open'> = {
    adminuser: caller.name,
    ...clientOf(call),
    nowMs: context.nowMs(),
  }
  const may = (about: About) => isGranted(policies, 'admin', action, { ...who, ...about })
  if (act.lists) {
    const open = ['user', 'resolver'] as const
    if (may({ open })) return caller
    const realms = (await readRealms(context.db, caller.customer)).map(({ name }) => name)
    const seen = realms.filter((realm) => may({ realm, open }))
    // privacyIDEA shows an empty list of tokens, and refuses the others.
    if (seen.length > 0 || action === 'tokenlist') return { ...caller, realms: seen }
  } else {
    const subjects = await aboutOf(call, caller.customer, act, await parametersOf(call))
    if (subjects.some(may)) return caller
  }
  return refuse({ reason: 'action_denied', role: 'Admin', action })
}

/** Whether policies limit this caller at all. */
const isLimited = (policies: Policy[], caller: Caller): boolean =>
  caller.role === 'admin' ||
  policies.some(
    ({ active, scope, adminuser }) =>
      active &&
      scope === 'admin' &&
      adminuser.some(
        (entry) => !isExclusion(entry) && entry.toLowerCase() === caller.name.toLowerCase(),
      ),
  )

async function actionOf(call: Call, { action }: Act): Promise<string | null> {
  if (typeof action !== 'function') return action ?? null
  const parameters: Parameters = await parametersOf(call)
  return action(parameters.get)
}

const clientOf = (call: Call): About => {
  const client = peerAddress(call)
  return client === null ? {} : { client }
}
