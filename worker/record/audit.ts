/** The audit trail: who did what, to which token, for whom, from where, and whether it worked. Never a secret, never a code. */
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { audit } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { chunked } from '../store/bulk.ts'
import { nextNumber } from './number.ts'

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
    .values({ ...entry, ...moment(context) })
}

/** Many at once: what a file brought. */
export async function writeAudits(context: Context, entries: AuditEntry[]): Promise<void> {
  for (const chunk of chunked(entries)) {
    const rows = chunk.map((entry) => ({
      ...entry,
      ...moment(context),
      detail: entry.detail && JSON.stringify(entry.detail),
    }))
    await drizzle(context.db).run(sql`insert into ${audit}
      (customer, at, number, action, success, serial, user, realm, application, client, detail)
      select value ->> 'customer', value ->> 'at', value ->> 'number', value ->> 'action',
        value ->> 'success', value ->> 'serial', value ->> 'user', value ->> 'realm',
        value ->> 'application', value ->> 'client', value ->> 'detail'
      from json_each(${JSON.stringify(rows)})`)
  }
}

const moment = ({ nowMs, random }: Context) => {
  const atMs = nowMs()
  return { at: Math.floor(atMs / 1000), number: nextNumber(atMs, random) }
}
