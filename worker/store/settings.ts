/** The settings that hold for a request: the system's configuration and what the policies say. */
import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { settings as table } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import type { Subject } from '../policy/match.ts'
import { type ConfigRow, type Settings, settingsFrom } from '../policy/settings.ts'
import { refuse } from '../problem.ts'
import { forgetIfAny, forgetWith, remembered } from './cache.ts'
import { readPolicies } from './policies.ts'

export async function readConfig(context: Context, customer: string): Promise<ConfigRow[]> {
  const rows = await remembered(context, `config/${customer}`, () =>
    drizzle(context.db)
      .select({ name: table.name, value: table.value })
      .from(table)
      .where(eq(table.customer, customer)),
  )
  return rows ?? []
}

/** @throws Refusal policy_conflict where policies contradict each other. */
export async function readSettings(
  context: Context,
  customer: string,
  about: Omit<Subject, 'nowMs'> = {},
): Promise<Settings> {
  const [rows, policies] = [
    await readConfig(context, customer),
    await readPolicies(context, customer),
  ]
  const settings = settingsFrom(rows, policies, { ...about, nowMs: context.nowMs() })
  if ('conflict' in settings)
    refuse({ reason: 'policy_conflict', policies: settings.conflict as string[] })
  return settings
}

/** All of them or none, and in force everywhere by the same stroke. */
export async function writeConfig(
  context: Context,
  customer: string,
  rows: ConfigRow[],
): Promise<void> {
  const db = drizzle(context.db)
  await forgetWith(
    context,
    rows.map(({ name, value }) =>
      db
        .insert(table)
        .values({ customer, name, value })
        .onConflictDoUpdate({ target: [table.customer, table.name], set: { value } }),
    ),
  )
}

/** @returns whether there was one. */
export async function deleteConfig(
  context: Context,
  customer: string,
  name: string,
): Promise<boolean> {
  return forgetIfAny(
    context,
    drizzle(context.db)
      .delete(table)
      .where(and(eq(table.customer, customer), eq(table.name, name)))
      .returning({ name: table.name }),
  )
}
