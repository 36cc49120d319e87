/** The audit trail: who did what, to which token, for whom, from where, and whether it worked. Never a secret, never a code. */
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { toBase64url } from '../../schema/encoding.ts'
import { audit } from '../../schema/tables.ts'
import { type Context, nowSeconds } from '../env.ts'
import { chunked } from '../store/bulk.ts'

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
  await drizzle(context.db)
    .insert(audit)
    .values({ ...entry, eventId: toBase64url(context.random(16)), at: nowSeconds(context) })
}

/** Many at once: what a file brought. */
export async function writeAudits(context: Context, entries: AuditEntry[]): Promise<void> {
  const at = nowSeconds(context)
  for (const chunk of chunked(entries)) {
    const rows = chunk.map((entry) => ({
      ...entry,
      eventId: toBase64url(context.random(16)),
      at,
      detail: entry.detail && JSON.stringify(entry.detail),
    }))
    await drizzle(context.db).run(sql`insert into ${audit}
      (event_id, customer, at, action, success, serial, user, realm, application, client, detail)
      select value ->> 'eventId', value ->> 'customer', value ->> 'at', value ->> 'action',
        value ->> 'success', value ->> 'serial', value ->> 'user', value ->> 'realm',
        value ->> 'application', value ->> 'client', value ->> 'detail'
      from json_each(${JSON.stringify(rows)})`)
  }
}
