/** Loads policies. One of the same name stays as it is; what is new is in force everywhere within a second. */
import { type Scope, actionNamed, isScope } from '../policy/actions.ts'
import type { Context } from '../env.ts'
import { readPolicies, writePolicy } from '../store/policies.ts'
import { type Load, type Left, type Outcome, type Row, alreadyThere, left, taken } from './rows.ts'

/** As the route has read and checked it. */
export type PolicyRead = Row & {
  written: Omit<Parameters<typeof writePolicy>[1], 'customer'>
  note: string
}

export async function loadPolicies(
  context: Context,
  { customer, dryRun }: Load,
  read: (PolicyRead | Left)[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const kept = new Map((await readPolicies(context, customer)).map((one) => [one.name, one]))
  for (const one of read) {
    if ('why' in one) {
      outcomes.push(left(one, one.why))
      continue
    }
    const known: Record<string, unknown> | undefined = kept.get(one.written.name)
    if (!known) {
      if (!dryRun) await writePolicy(context, { ...one.written, customer })
      outcomes.push(taken(one, one.note))
    } else if (Object.entries(one.written).every(([name, value]) => same(known[name], value)))
      outcomes.push(alreadyThere(one))
    else outcomes.push(left(one, 'another policy of this name is here: rename one of them'))
  }
  return outcomes
}

const same = (a: unknown, b: unknown): boolean =>
  JSON.stringify(ordered(a)) === JSON.stringify(ordered(b))

const ordered = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
    : value

/** @returns those actions that the scope has, and the names of the others. */
export function knownActions(
  scope: string,
  actions: Record<string, unknown>,
): { known: Record<string, unknown>; unknown: string[] } {
  const isKnown = ([name]: [string, unknown]) =>
    isScope(scope) && actionNamed(scope satisfies Scope, name) !== null
  const all = Object.entries(actions)
  return {
    known: Object.fromEntries(all.filter(isKnown)),
    unknown: all.filter((one) => !isKnown(one)).map(([name]) => name),
  }
}
