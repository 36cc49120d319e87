/** Deletes a token with all that is of it. */
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import {
  passkeys,
  phones,
  serverKeys,
  subscriptions,
  tokens,
  verifiers,
} from '../../../schema/tables.ts'
import type { Context } from '../../env.ts'
import { forgetWith } from '../cache.ts'

/** The token goes, with its codes, its subscription, its verifier, its passkey, its phone and the key that the phone was given. */
export async function deleteToken(context: Context, serial: string): Promise<void> {
  const orm = drizzle(context.db)
  await forgetWith(context, [
    orm.delete(subscriptions).where(eq(subscriptions.serial, serial)),
    orm.delete(verifiers).where(eq(verifiers.serial, serial)),
    orm.delete(passkeys).where(eq(passkeys.serial, serial)),
    orm.delete(phones).where(eq(phones.serial, serial)),
    orm.delete(serverKeys).where(eq(serverKeys.takenBy, serial)),
    orm.delete(tokens).where(eq(tokens.device, serial)),
    orm.delete(tokens).where(eq(tokens.serial, serial)),
  ])
}
