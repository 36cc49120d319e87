/** Writes into the audit trail what a file brought: once in all, and for each token or person that is new. */
import type { Outcome } from '../migration/rows.ts'
import { writeAudits } from '../record/audit.ts'
import type { Caller } from './decode/caller.ts'
import { peerAddress } from './decode/peer.ts'
import { recorded } from './recorded.ts'
import type { Call } from './surface.ts'

export function recordedLoad(
  call: Call,
  caller: Caller,
  { type, dryRun, action = 'token_load' }: { type: string; dryRun: boolean; action?: string },
  work: () => Promise<Outcome[]>,
): Promise<Outcome[]> {
  const entry = { action, detail: { type: type.slice(0, 40), ...(dryRun && { dry_run: true }) } }
  return recorded(call, caller, entry, async (detail) => {
    const outcomes = await work()
    const taken = outcomes.filter(({ outcome }) => outcome === 'taken')
    detail.taken = taken.length
    detail.not_taken = outcomes.length - taken.length
    if (!dryRun)
      await writeAudits(
        call.get('context'),
        taken.map(({ serial, user, policy }) => ({
          customer: caller.customer,
          action,
          success: true,
          serial,
          user,
          application: caller.application.id,
          client: peerAddress(call) ?? undefined,
          detail: { by: caller.name, ...(policy && { policy }) },
        })),
      )
    return outcomes
  })
}
