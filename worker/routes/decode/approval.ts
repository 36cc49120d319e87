/**
 * A dangerous act of an administrator who has a device: done only with an approval of exactly this act, fresh and once. The approval
 * is bound to the account, the method, the path and every parameter, because its transaction is that act's and no other's.
 */
import { sha256 } from '../../../schema/encoding.ts'
import { refuse } from '../../problem.ts'
import type { Account } from '../../store/accounts.ts'
import { askAccount, hasDevice, redeemAccount } from '../auth/ask-account.ts'
import type { Call } from '../surface.ts'
import { type Parameters, parametersOf } from './parameters.ts'
import { peerAddress } from './peer.ts'

const header = 'Countersign-Approval'
const longestText = 200

/** @returns the serial of the device that approved, or null where it has none. @throws Refusal approval_needed · approval_refused · approval_impossible */
export async function freshApproval(
  call: Call,
  account: Account,
  danger: string,
): Promise<string | null> {
  const context = call.get('context')
  if (!(await hasDevice(context, account))) return null
  const parameters = await parametersOf(call)
  const purpose = `/approval/${await actHash(call, account, parameters)}` as const
  const transactionId = call.req.header(header) ?? parameters.get('approval')
  if (transactionId !== '') {
    const outcome = await redeemAccount(context, account, { transactionId, purpose })
    if ('state' in outcome) refuse({ reason: 'approval_refused', state: outcome.state })
    return outcome.approvedBy
  }
  const act = danger.slice(0, longestText)
  const asked = await askAccount(context, account, {
    purpose,
    title: 'Administration',
    text: act,
    client: peerAddress(call),
  })
  if (!asked.ok) refuse({ reason: 'approval_impossible', why: asked.reason.replaceAll('_', ' ') })
  return refuse({
    reason: 'approval_needed',
    asked: {
      transaction_id: asked.transactionId,
      presence_answer: asked.code ?? asked.pressed,
      act,
      expires_at: asked.answerableUntilAt,
      sent_to: asked.sentTo,
      notified: asked.notified,
    },
  })
}

/** Everything that the act is; two that differ in anything are two. */
async function actHash(call: Call, { id }: Account, parameters: Parameters): Promise<string> {
  const said = parameters
    .names()
    .filter((name) => name !== 'approval')
    .toSorted()
    .map((name) => [name, parameters.get(name)])
  const { method, path } = call.req
  return sha256(JSON.stringify([id, method, path, said, await filesOf(call)]))
}

async function filesOf(call: Call): Promise<string[][]> {
  if (!/^multipart\/form-data\b/i.test(call.req.header('Content-Type') ?? '')) return []
  const files: string[][] = []
  for (const [name, value] of (await call.req.formData()).entries())
    if (typeof value !== 'string') files.push([name, await sha256(await (value as File).text())])
  return files
}
