/**
 * Which policies are about a request, and what they say together. Pure: the clock is an argument. Lists match by name, `*`
 * stands for all, a leading - or ! excludes; an empty list is about everyone.
 */
import type { Scope, Value } from './actions.ts'
import { isWithin } from './network.ts'
import { isAtTime } from './time.ts'

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

/** What is known of a request. What is unknown matches only policies that do not ask for it. */
export type Subject = {
  realm?: string | undefined
  resolver?: string | undefined
  user?: string | undefined
  adminrealm?: string | undefined
  adminuser?: string | undefined
  client?: string | undefined
  nowMs: number
}

export type Said = { value: Value; policies: string[] } | { conflict: string[] } | null

/** @returns what the policies say of this action, or who contradicts whom. */
export function valueOf(policies: Policy[], scope: Scope, action: string, subject: Subject): Said {
  const about = policies.filter(
    (policy) =>
      policy.active &&
      policy.scope === scope &&
      Object.hasOwn(policy.action, action) &&
      isAbout(policy, subject),
  )
  const first = Math.min(...about.map(({ priority }) => priority))
  const speaking = about.filter(({ priority }) => priority === first)
  const [one] = speaking
  if (!one) return null
  const value = one.action[action] as Value
  const names = speaking.map(({ name }) => name)
  if (speaking.some((policy) => policy.action[action] !== value)) return { conflict: names }
  return { value, policies: names }
}

export function isAbout(policy: Policy, subject: Subject): boolean {
  return (
    listed(policy.realm, subject.realm) &&
    listed(policy.resolver, subject.resolver) &&
    listed(policy.user, subject.user) &&
    listed(policy.adminrealm, subject.adminrealm) &&
    listed(policy.adminuser, subject.adminuser) &&
    isWithin(policy.client, subject.client) &&
    isAtTime(policy.time, subject.nowMs)
  )
}

function listed(list: string[], name: string | undefined): boolean {
  if (list.length === 0) return true
  if (name === undefined || name === '') return false
  const key = nameKey(name)
  const excluded = list.filter(isExclusion).map((entry) => nameKey(entry.slice(1)))
  if (excluded.includes(key)) return false
  const included = list.filter((entry) => !isExclusion(entry)).map(nameKey)
  return included.length === 0 || included.includes('*') || included.includes(key)
}

/** As people are looked up (store/people.ts): another spelling of a name is the same person and evades no policy. */
const nameKey = (name: string): string => name.normalize('NFC').toLowerCase()

export const isExclusion = (entry: string): boolean => /^[-!]/.test(entry)
