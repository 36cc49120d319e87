/** Keys that id_tokens are signed with: of the whole deployment, so in the first database whoever asks. */
import { asc, inArray } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { grantKeys } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { forgetWith, remembered } from './cache.ts'
import { inDatabase } from './databases.ts'

export type GrantKey = typeof grantKeys.$inferSelect

const inFirst = (context: Context): Context => inDatabase(context, 0) ?? context

/** The oldest first. */
export async function readGrantKeys(context: Context): Promise<GrantKey[]> {
  const first = inFirst(context)
  const found = await remembered(first, 'grant-keys', async () => {
    const rows = await drizzle(first.db).select().from(grantKeys).orderBy(asc(grantKeys.createdAt))
    return rows.length > 0 ? rows : null
  })
  return found ?? []
}

export async function changeGrantKeys(
  context: Context,
  { add, remove }: { add: GrantKey[]; remove: string[] },
): Promise<void> {
  const first = inFirst(context)
  const db = drizzle(first.db)
  await forgetWith(first, [
    ...add.map((key) => db.insert(grantKeys).values(key)),
    ...(remove.length > 0 ? [db.delete(grantKeys).where(inArray(grantKeys.kid, remove))] : []),
  ])
}
