/** The audit trail: who did what, to which token, for whom, from where, and whether it worked. Never a secret, never a code. */
import { drizzle } from 'drizzle-orm/d1'
import { toBase64url } from '../../schema/encoding.ts'
import { audit } from '../../schema/tables.ts'
import { type Context, nowSeconds } from '../env.ts'

export type AuditEntry = {
  customer: string
  action: string
  success: boolean
  serial?: string | undefined
  user?: string | undefined
  realm?: string | undefined
  application?: string | undefined
  client?: string | undefined
  detail?: Record<string, unknown> | undefined
}

/** For what is decided at the edge; an owner's object writes through its outbox. */
export async function writeAudit(context: Context, entry: AuditEntry): Promise<void> {
  await drizzle(context.env.DB)
    .insert(audit)
    .values({ ...entry, eventId: toBase64url(context.random(16)), at: nowSeconds(context) })
}
