/** What an administrator has set. */
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { settings as table } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { type SettingName, type Settings, defaults, settingsFrom } from '../policy/settings.ts'
import { forgetWith, remembered } from './cache.ts'

export async function readSettings(context: Context, customer: string): Promise<Settings> {
  const found = await remembered(context, `settings/${customer}`, async () =>
    settingsFrom(
      await drizzle(context.env.DB).select().from(table).where(eq(table.customer, customer)),
    ),
  )
  return found ?? defaults
}

/** All of them or none, and in force everywhere by the same stroke. */
export async function writeSettings(
  context: Context,
  customer: string,
  values: (readonly [SettingName, number])[],
): Promise<void> {
  const db = drizzle(context.env.DB)
  await forgetWith(
    context,
    values.map(([name, value]) =>
      db
        .insert(table)
        .values({ customer, name, value: String(value) })
        .onConflictDoUpdate({
          target: [table.customer, table.name],
          set: { value: String(value) },
        }),
    ),
  )
}
