/**
 * /token/challenges: what is open, and what is over and still kept. Challenges live with their owners, so a list without a serial asks
 * the owners that were asked something lately.
 */
import { longestLifeSeconds } from '../../challenge/follow.ts'
import type { ListedChallenge } from '../../challenge/desk/look.ts'
import { reach } from '../../challenge/reach.ts'
import type { Address } from '../../challenge/desk/desk.ts'
import type { OwnerId } from '../../crypto/sealed-id.ts'
import { nowSeconds } from '../../env.ts'
import { addressOf } from '../../enrolment/manage.ts'
import { ownersLately } from '../../store/lately.ts'
import { callerWith } from '../decode/caller.ts'
import { parametersOf, wholeNumber } from '../decode/parameters.ts'
import { tokenNamed } from '../decode/token-asked.ts'
import { answer } from '../encode/envelope.ts'
import { paging } from '../encode/paging.ts'
import { recorded } from '../recorded.ts'
import { type Call, surface } from '../surface.ts'

export const challenges = surface()

challenges.get('/challenges', (call) => listed(call, ''))
challenges.get('/challenges/:serial', (call) => listed(call, call.req.param('serial')))

async function listed(call: Call, serial: string): Promise<Response> {
  const caller = await callerWith(call, 'enrol')
  const parameters = await parametersOf(call)
  const context = call.get('context')
  const page = wholeNumber(parameters, 'page', { min: 1, max: 1_000_000, otherwise: 1 })
  const size = wholeNumber(parameters, 'pagesize', { min: 1, max: 1000, otherwise: 15 })
  const addresses =
    serial === ''
      ? await addressesLately(call, caller.customer)
      : [addressOf(await tokenNamed(context, caller.customer, serial))]
  const found = await ask(call, addresses, (object) => object.openChallenges(serial || null))
  const transactionId = parameters.get('transaction_id')
  const all = found
    .flat()
    .filter((one) => transactionId === '' || one.transactionId === transactionId)
    .toSorted((a, b) => b.madeAt - a.madeAt)
  return answer(call, {
    value: {
      challenges: all.slice((page - 1) * size, page * size).map(described),
      ...paging(all.length, page, size),
    },
  })
}

challenges.delete('/challenges/expired', async (call) => {
  const caller = await callerWith(call, 'tokens')
  const deleted = await recorded(call, caller, { action: 'challenges_clean' }, async () => {
    const addresses = await addressesLately(call, caller.customer)
    const counts = await ask(call, addresses, (object) => object.purgeExpired())
    return counts.reduce((sum, count) => sum + count, 0)
  })
  return answer(call, { value: { status: true, deleted } })
})

const described = (one: ListedChallenge) => ({
  challenge: one.challenge,
  data: '',
  expiration: new Date(one.answerableUntilAt * 1000).toUTCString(),
  id: one.id,
  otp_received: one.answered,
  otp_valid: one.approved,
  received_count: Number(one.answered),
  serial: one.serial,
  timestamp: new Date(one.madeAt * 1000).toUTCString(),
  transaction_id: one.transactionId,
})

async function addressesLately(call: Call, customer: string): Promise<Address[]> {
  const context = call.get('context')
  const since = nowSeconds(context) - longestLifeSeconds
  const ownerIds = await ownersLately(context.db, customer, since)
  return ownerIds.map((ownerId) => ({ ownerId: ownerId as OwnerId, customer }))
}

/** So many objects are asked at the same time. */
const atOnce = 20

async function ask<T>(
  call: Call,
  addresses: Address[],
  question: Parameters<typeof reach<T>>[2],
): Promise<T[]> {
  const answers: T[] = []
  for (let from = 0; from < addresses.length; from += atOnce)
    answers.push(
      ...(await Promise.all(
        addresses
          .slice(from, from + atOnce)
          .map((address) => reach(call.get('context'), address, question)),
      )),
    )
  return answers
}
