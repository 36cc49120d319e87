/**
 * Which policies would contradict one another, found before a login finds it: same scope, same priority, another value for an
 * action, and somebody at some time whom both are about. Pure.
 */
import { type Policy, isAboutOf, isExclusion } from './match.ts'
import { lastAfter, networkStart } from './network.ts'
import { timesBegin } from './time.ts'

type Written = Omit<Policy, 'id'>
const lists = ['realm', 'resolver', 'user', 'adminrealm', 'adminuser'] as const

/** @returns by the name of each other policy, the actions that both speak of and differ in. */
export function contradictions(one: Written, others: Policy[]): Record<string, string[]> {
  if (!one.active) return {}
  const found = others
    .filter(
      (other) =>
        other.name !== one.name &&
        other.active &&
        other.scope === one.scope &&
        other.priority === one.priority,
    )
    .map((other) => {
      const differing = Object.keys(one.action).filter(
        (action) =>
          Object.hasOwn(other.action, action) && other.action[action] !== one.action[action],
      )
      return [other, differing] as const
    })
    .filter(([other, differing]) => differing.length > 0 && overlap(one, other))
  return Object.fromEntries(found.map(([{ name }, differing]) => [name, differing]))
}

const nobody = {
  ...{ realm: [], resolver: [], user: [], adminrealm: [], adminuser: [], client: [] },
  time: '',
}
/** No name has it. */
const anyoneElse = '\0'

/** What a policy asks for are apart from one another: two overlap where they do so in each. */
function overlap(one: Written, other: Written): boolean {
  const both = (field: 'client' | 'time' | (typeof lists)[number], subjects: object[]) => {
    const first = isAboutOf({ ...nobody, [field]: one[field] })
    const second = isAboutOf({ ...nobody, [field]: other[field] })
    return subjects.some((subject) => {
      const about = { nowMs: 0, ...subject }
      return first(about) && second(about)
    })
  }
  return (
    lists.every((field) =>
      both(field, [
        {},
        ...namesIn([...one[field], ...other[field], anyoneElse]).map((name) => ({ [field]: name })),
      ]),
    ) &&
    both('client', [{}, ...addressesIn([...one.client, ...other.client])]) &&
    both('time', [{}, ...timesBegin([one.time, other.time]).map((nowMs) => ({ nowMs }))])
  )
}

const namesIn = (entries: string[]): string[] =>
  entries.map((entry) => (isExclusion(entry) ? entry.slice(1) : entry))

/** Where two sets of ranges meet, the meeting begins at the start of a network or behind the end of one that is left out. */
const addressesIn = (entries: string[]): { client: string }[] =>
  ['0.0.0.0', '::', ...namesIn(entries).flatMap((net) => [networkStart(net), lastAfter(net)])]
    .filter((client) => client !== null)
    .map((client) => ({ client }))
