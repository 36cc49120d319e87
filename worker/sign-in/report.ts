/**
 * A person says of a request in their name that it was not theirs. Where it was approved, everything by which they are signed in
 * anywhere ends: nobody can tell any more which of it came of this approval. Where it was not, nothing came of it.
 */
import { sha256, toBase64url } from '../../schema/encoding.ts'
import { isReported } from '../challenge/desk/report.ts'
import { reach } from '../challenge/reach.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import { stopByKey } from '../enrolment/move.ts'
import type { Context } from '../env.ts'
import { refuse } from '../problem.ts'
import { endSignIns } from '../store/sign-ins.ts'
import { readWebhooks } from '../store/webhooks.ts'

export type Reporting = {
  customer: string
  person: string
  ownerId: OwnerId
  /** SHA-256 of the transaction id, base64url. */
  request: string
  /** Who says so, and from where. */
  by: string
  client: string | null
}

export type ReportDone = {
  /** It was open or not used yet, and is worth nothing now. */
  stopped: boolean
  /** Its application has a webhook that hears of it. */
  told: boolean
  /** Everybody who was signed in as them is signed out. */
  ended: boolean
  /** The device that was let in by it, not long ago, can approve nothing any more. */
  deviceStopped: boolean
  /** Under which the next session is to be opened; null: those that are open go on. */
  mark: string | null
}

/** Once: said again, it changes nothing. @throws Refusal request_unknown */
export async function reportRequest(
  context: Context,
  { customer, person, ownerId, request, by, client }: Reporting,
): Promise<ReportDone> {
  const address = { ownerId, customer }
  const find = async () => {
    const asked = await reach(context, address, (object) => object.pastRequests(address))
    const hashes = await Promise.all(asked.map(({ transactionId }) => sha256(transactionId)))
    return asked[hashes.indexOf(request)]
  }
  const found = await find()
  if (!found) refuse({ reason: 'request_unknown' })
  const { transactionId } = found
  const isTold = await hearsOf(context, customer, found.application)
  const end = async () => {
    const mark = toBase64url(context.random(12))
    return { mark, ended: await endSignIns(context.db, person, mark) }
  }
  // Before it is noted: what was reported has ended, whatever breaks off in between.
  const letIn = found.outcome === 'approved' && !isReported(found)
  const { newDevice } = found.about
  const deviceStopped =
    letIn && newDevice
      ? await stopByKey(context, address, { bound: newDevice.thumbprint, by })
      : false
  let over = letIn ? await end() : null
  const said = { transactionId, by, client, isTold, ended: over?.ended ?? {} }
  const done = await reach(context, address, (object) => object.report(address, said))
  if (!done) refuse({ reason: 'request_unknown' })
  const { stopped, outcome, isAgain } = done
  // Approved and used while we asked.
  if (outcome === 'approved' && !over && !stopped && !isAgain) over = await end()
  const ended = over !== null || (isAgain && outcome === 'approved')
  return { stopped, told: isTold, ended, deviceStopped, mark: over?.mark ?? null }
}

async function hearsOf(context: Context, customer: string, asking: string): Promise<boolean> {
  const hooks = await readWebhooks(context, customer)
  return hooks.some(
    ({ application, active, types }) =>
      application === asking && active && (types.length === 0 || types.includes('login.reported')),
  )
}
