/** What an administrator has set. */
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { settings as table } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { type SettingName, type Settings, defaults, settingsFrom } from '../policy/settings.ts'
import { forget, remembered } from './cache.ts'

export async function readSettings(context: Context, customer: string): Promise<Settings> {
  const found = await remembered(context, `settings/${customer}`, async () =>
    settingsFrom(
      await drizzle(context.env.DB).select().from(table).where(eq(table.customer, customer)),
    ),
  )
  return found ?? defaults
}

export async function writeSetting(
  context: Context,
  customer: string,
  name: SettingName,
  value: number,
): Promise<void> {
  await drizzle(context.env.DB)
    .insert(table)
    .values({ customer, name, value: String(value) })
    .onConflictDoUpdate({ target: [table.customer, table.name], set: { value: String(value) } })
  await forget(context)
}
