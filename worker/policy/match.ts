/**
 * Which policies are about a request, and what they say together. Pure: the clock is an argument. Lists match by name, `*`
 * stands for all, a leading - or ! excludes; an empty list is about everyone. A list of policies is compiled the first time it is
 * asked, and remembered with it: a login asks for some twenty actions.
 */
import type { Scope, Value } from './actions.ts'
import { within } from './network.ts'
import { atTimes } from './time.ts'

export type Policy = {
  id: number
  name: string
  scope: Scope
  active: boolean
  /** 1 is asked first; only the policies of the first priority that has the action count. */
  priority: number
  realm: string[]
  resolver: string[]
  user: string[]
  adminrealm: string[]
  adminuser: string[]
  client: string[]
  /** As in `Mon-Fri: 9-18, Sat: 10:00-12:00`; '' is always. */
  time: string
  action: Record<string, Value>
  description: string
}

/**
 * What is known of a request. What is unknown matches only policies that do not ask for it; an unknown client is also one that a
 * list of exclusions alone does not leave out.
 */
export type Subject = {
  realm?: string | undefined
  resolver?: string | undefined
  user?: string | undefined
  adminrealm?: string | undefined
  adminuser?: string | undefined
  client?: string | undefined
  /** What the request leaves open: a policy that asks for it is heard all the same. */
  open?: readonly ('realm' | 'resolver' | 'user')[] | undefined
  nowMs: number
}

export type Said = { value: Value; policies: string[] } | { conflict: string[] } | null

/** @returns what the policies say of this action, or who contradicts whom. */
export function valueOf(policies: Policy[], scope: Scope, action: string, subject: Subject): Said {
  const speakers = speakersOf(policies, scope, action)
  if (speakers.length === 0) return null
  const about = speakers.filter(({ isAbout }) => isAbout(subject))
  const speaking = about.filter(({ policy }) => policy.priority === about[0]?.policy.priority)
  const [one] = speaking
  if (!one) return null
  const value = one.policy.action[action] as Value
  const names = speaking.map(({ policy }) => policy.name)
  if (speaking.some(({ policy }) => policy.action[action] !== value)) return { conflict: names }
  return { value, policies: names }
}

/** @returns what each policy about it says, whatever its priority: for actions whose values add up. */
export const everyValueOf = (
  policies: Policy[],
  scope: Scope,
  action: string,
  subject: Subject,
): Value[] =>
  speakersOf(policies, scope, action)
    .filter(({ isAbout }) => isAbout(subject))
    .map(({ policy }) => policy.action[action] as Value)

/** @returns everybody whom the policies that say any of this name, or leave out by name: who they treat apart from all others. */
export const usersNamed = (policies: Policy[], scope: Scope, actions: string[]): string[] => [
  ...new Set(
    actions
      .flatMap((action) => speakersOf(policies, scope, action))
      .flatMap(({ policy }) => policy.user)
      .map((entry) => (isExclusion(entry) ? entry.slice(1) : entry)),
  ),
]

/** Whether somebody may do this: where no policy of the scope holds at all, everybody may everything. */
export function isGranted(
  policies: Policy[],
  scope: 'admin' | 'user',
  action: string,
  subject: Subject,
): boolean {
  if (!policies.some((policy) => policy.active && policy.scope === scope)) return true
  return speakersOf(policies, scope, action).some(({ isAbout }) => isAbout(subject))
}

const nobody: Speaker[] = []

type Speaker = { policy: Policy; isAbout: (subject: Subject) => boolean }

/** By scope and action, the first priority first. */
type Compiled = Map<Scope, Map<string, Speaker[]>>
const compiled = new WeakMap<Policy[], Compiled>()

function speakersOf(policies: Policy[], scope: Scope, action: string): Speaker[] {
  let known = compiled.get(policies)
  if (!known) compiled.set(policies, (known = compile(policies)))
  return known.get(scope)?.get(action) ?? nobody
}

function compile(policies: Policy[]): Compiled {
  const speakers: Compiled = new Map()
  const active = policies.filter((policy) => policy.active)
  for (const policy of active.toSorted((a, b) => a.priority - b.priority)) {
    const speaker = { policy, isAbout: isAboutOf(policy) }
    const ofScope = speakers.get(policy.scope) ?? new Map<string, Speaker[]>()
    speakers.set(policy.scope, ofScope)
    for (const action of Object.keys(policy.action))
      ofScope.set(action, [...(ofScope.get(action) ?? []), speaker])
  }
  return speakers
}

type About = Pick<
  Policy,
  'realm' | 'resolver' | 'user' | 'adminrealm' | 'adminuser' | 'client' | 'time'
>

export function isAboutOf(policy: About): Speaker['isAbout'] {
  const lists = (['realm', 'resolver', 'user', 'adminrealm', 'adminuser'] as const).map(
    (field) => ({ field, has: listed(policy[field]) }),
  )
  const isWithin = within(policy.client, { unknownIsElsewhere: true })
  const isAtTime = atTimes(policy.time)
  return (subject) =>
    lists.every(
      ({ field, has }) => subject.open?.some((one) => one === field) || has(subject[field]),
    ) &&
    isWithin(subject.client) &&
    isAtTime(subject.nowMs)
}

function listed(list: string[]): (name: string | undefined) => boolean {
  if (list.length === 0) return () => true
  const excluded = new Set(list.filter(isExclusion).map((entry) => nameKey(entry.slice(1))))
  const included = new Set(list.filter((entry) => !isExclusion(entry)).map(nameKey))
  const everyone = included.size === 0 || included.has('*')
  return (name) => {
    if (name === undefined || name === '') return false
    const key = nameKey(name)
    return !excluded.has(key) && (everyone || included.has(key))
  }
}

/** As people are looked up (store/people.ts): another spelling of a name is the same person and evades no policy. */
const nameKey = (name: string): string => name.normalize('NFC').toLowerCase()

export const isExclusion = (entry: string): boolean => /^[-!]/.test(entry)
