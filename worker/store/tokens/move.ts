/** Gives a token to another owner. */
import { and, eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { tokens } from '../../../schema/tables.ts'
import type { Context } from '../../env.ts'
import { forgetWith } from '../cache.ts'
import { type Limit, within } from '../limits.ts'
import type { TokenChange } from './row.ts'

/**
 * Another owner's from here on; whoever remembered whose it was hears of it.
 * @returns false where a limit would be passed: nothing is changed then.
 */
export async function moveToken(
  context: Context,
  serial: string,
  change: TokenChange,
  limits: Limit[],
): Promise<boolean> {
  const orm = drizzle(context.db)
  const [moved] = (await forgetWith(context, [
    orm
      .update(tokens)
      .set(change)
      .where(and(eq(tokens.serial, serial), within(limits, serial)))
      .returning({ serial: tokens.serial }),
    // Its codes were made for whoever held it: the next one's device gets its own.
    orm
      .delete(tokens)
      .where(
        and(
          eq(tokens.device, serial),
          sql`(select owner_id from ${tokens} moved where moved.serial = ${serial}) <> ${sql.raw('tokens.owner_id')}`,
        ),
      ),
  ])) as [unknown[], unknown]
  return moved.length === 1
}
