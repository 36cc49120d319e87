/** Runs what an administrator asked for and writes into the audit trail who asked, from where, and how it went, refusals included. */
import { Refusal } from '../problem.ts'
import { type AuditEntry, writeAudit } from '../record/audit.ts'
import { logFailure } from '../record/log.ts'
import type { Caller } from './decode/caller.ts'
import { peerAddress } from './decode/peer.ts'
import type { Call } from './surface.ts'

/** Names come from the request: the trail keeps as much as a name can be. */
const longest = 256

type Entry = Pick<AuditEntry, 'action' | 'serial' | 'user' | 'realm' | 'detail'>

/** @param entry what is known before; `work` may add to its detail. */
export async function recorded<T>(
  call: Call,
  caller: Caller,
  entry: Entry,
  work: (detail: Record<string, unknown>) => Promise<T>,
): Promise<T> {
  const detail: Record<string, unknown> = {
    by: caller.name,
    ...(caller.approvedBy !== undefined && { approved_by: caller.approvedBy }),
    ...entry.detail,
  }
  const write = (success: boolean) =>
    writeAudit(call.get('context'), {
      ...entry,
      user: entry.user?.slice(0, longest),
      realm: entry.realm?.slice(0, longest),
      customer: caller.customer,
      application: caller.application.id,
      client: peerAddress(call) ?? undefined,
      success,
      detail,
    })
  try {
    const done = await work(detail)
    await write(true)
    return done
  } catch (error) {
    detail.reason = error instanceof Refusal ? error.failure.reason : 'internal'
    // What went wrong first is what the caller is told, even where the trail cannot be written either.
    await write(false).catch((other: unknown) => logFailure('the trail has a gap', other))
    throw error
  }
}
