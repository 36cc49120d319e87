/** Policies in D1. An isolate keeps them as long as it keeps everything: until the epoch moves. */
import { and, asc, eq } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import { drizzle } from 'drizzle-orm/d1'
import { policies } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import type { ActionOf, Scope, Value } from '../policy/actions.ts'
import { type Policy, type Subject, everyValueOf, valueOf } from '../policy/match.ts'
import { refuse } from '../problem.ts'
import { forgetWith, remembered } from './cache.ts'

export type PolicyRow = typeof policies.$inferSelect
type Written = Omit<typeof policies.$inferInsert, 'id'>

export async function readPolicies(context: Context, customer: string): Promise<Policy[]> {
  const found = await remembered(context, `policies/${customer}`, async () => {
    const rows = await drizzle(context.db)
      .select()
      .from(policies)
      .where(eq(policies.customer, customer))
      .orderBy(asc(policies.name))
    return rows.map(({ customer: _, ...row }) => ({ ...row, scope: row.scope as Scope }))
  })
  return found ?? []
}

/**
 * @returns what the policies say of one action, or null where none speaks.
 * @throws Refusal policy_conflict where they contradict each other.
 */
export async function saidOf<S extends Scope>(
  context: Context,
  customer: string,
  scope: S,
  action: ActionOf<S>,
  about: Omit<Subject, 'nowMs'>,
): Promise<Value | null> {
  const policies = await readPolicies(context, customer)
  const said = valueOf(policies, scope, action, { ...about, nowMs: context.nowMs() })
  if (said && 'conflict' in said) refuse({ reason: 'policy_conflict', policies: said.conflict })
  return said && said.value
}

/** @returns the highest number that any policy says, or null where none speaks. */
export async function mostSaid(
  context: Context,
  customer: string,
  action: ActionOf<'enrollment'>,
  about: Omit<Subject, 'nowMs'>,
): Promise<number | null> {
  const policies = await readPolicies(context, customer)
  const subject = { ...about, nowMs: context.nowMs() }
  const said = everyValueOf(policies, 'enrollment', action, subject).map(Number)
  return said.length === 0 ? null : Math.max(...said)
}

/** What the policies say of one request, action by action. */
export type Sayings = {
  /** @throws Refusal policy_conflict where they contradict each other. */
  said: <S extends Scope>(scope: S, action: ActionOf<S>) => Value | null
  /** As `said`, with the name of the policy that says it. */
  saidBy: <S extends Scope>(
    scope: S,
    action: ActionOf<S>,
  ) => { value: Value; policy: string } | null
  /** All words of all policies, however important: they add up. null where none speaks. */
  words: <S extends Scope>(scope: S, action: ActionOf<S>) => string[] | null
  every: <S extends Scope>(scope: S, action: ActionOf<S>) => Value[]
}

export const sayingsOf = async (
  context: Context,
  customer: string,
  about: Omit<Subject, 'nowMs'>,
): Promise<Sayings> =>
  sayingsIn(await readPolicies(context, customer), { ...about, nowMs: context.nowMs() })

export function sayingsIn(policies: Policy[], subject: Subject): Sayings {
  const saidBy: Sayings['saidBy'] = (scope, action) => {
    const said = valueOf(policies, scope, action, subject)
    if (said && 'conflict' in said) refuse({ reason: 'policy_conflict', policies: said.conflict })
    return said && { value: said.value, policy: said.policies[0] ?? '' }
  }
  const every: Sayings['every'] = (scope, action) => everyValueOf(policies, scope, action, subject)
  return {
    saidBy,
    said: (scope, action) => saidBy(scope, action)?.value ?? null,
    every,
    words: (scope, action) => {
      const values = every(scope, action)
      return values.length === 0
        ? null
        : values.flatMap((value) =>
            String(value)
              .split(/[\s,]+/)
              .filter(Boolean),
          )
    },
  }
}

/** Whether any policy says this of anybody: for what must be known before it is known who is meant. */
export const isEverSaid = async <S extends Scope>(
  context: Context,
  customer: string,
  scope: S,
  action: ActionOf<S>,
): Promise<boolean> =>
  (await readPolicies(context, customer)).some(
    (policy) => policy.active && policy.scope === scope && policy.action[action] === true,
  )

/** @returns the id of the policy of this name, new or changed. */
export async function writePolicy(context: Context, policy: Written): Promise<number> {
  const id = await changed(
    context,
    drizzle(context.db)
      .insert(policies)
      .values(policy)
      .onConflictDoUpdate({ target: [policies.customer, policies.name], set: policy })
      .returning({ id: policies.id }),
  )
  return id ?? 0
}

/** @returns its id, or null where there is none of this name. */
export const switchPolicy = (
  context: Context,
  customer: string,
  name: string,
  active: boolean,
): Promise<number | null> =>
  changed(
    context,
    drizzle(context.db)
      .update(policies)
      .set({ active })
      .where(named(customer, name))
      .returning({ id: policies.id }),
  )

/** @returns its id, or null where there is none of this name. */
export const deletePolicy = (
  context: Context,
  customer: string,
  name: string,
): Promise<number | null> =>
  changed(
    context,
    drizzle(context.db)
      .delete(policies)
      .where(named(customer, name))
      .returning({ id: policies.id }),
  )

const named = (customer: string, name: string) =>
  and(eq(policies.customer, customer), eq(policies.name, name))

/** In force everywhere by the same stroke that writes it. */
async function changed(context: Context, change: BatchItem<'sqlite'>): Promise<number | null> {
  const [rows] = (await forgetWith(context, [change])) as [{ id: number }[]]
  return rows[0]?.id ?? null
}
