/**
 * Sends one push by the road to its device, notes how it went, and ends a road of which the push service says that it leads to
 * nobody. Whether it is tried again is decided in push-queue.ts.
 */
import { sha256 } from '../../../schema/encoding.ts'
import { type Delivered, deliver, outcomes } from '../../push/deliver.ts'
import { deliverByFcm } from '../../push/fcm.ts'
import { fcmMessage, pushPayload } from '../../push/payload.ts'
import { findGateway } from '../../store/gateways.ts'
import { keptCopy, keepCopy, tokenCopy } from './copy.ts'
import { type Desk, type TokenCopy, nowSeconds } from './desk.ts'
import { record } from './outbox.ts'
import { phoneChallenge } from './phone-challenge.ts'
import { type FcmRoad, type Road, type WebRoad, roadTo } from './road.ts'
import { endedJws, newcomerJws, trialJws } from './tell.ts'
import { challengesOf, currentState, transactionById } from './kept.ts'
import { keepUntil } from './lapsing.ts'
import { noteTrial } from './trial-note.ts'

export type PushRow = {
  id: string
  serial: string
  transactionId: string
  challenge: string
  kind: 'challenge' | 'ended' | 'newcomer' | 'trial'
  attempt: number
  untilAt: number
}

/** @returns how the last attempt went, or null where there was nothing to send any more. */
export async function send(desk: Desk, row: PushRow): Promise<Delivered | null> {
  const token = tokenCopy(desk, row.serial)
  const road = roadTo(token)
  if (!token || !road || row.untilAt <= nowSeconds(desk)) return null
  const sent =
    road.by === 'web' ? await byWeb(desk, row, token, road) : await byFcm(desk, row, token, road)
  if (sent?.outcome === 'gone') endRoad(desk, row.serial, road)
  return sent
}

async function byWeb(
  desk: Desk,
  row: PushRow,
  token: TokenCopy,
  { subscription }: WebRoad,
): Promise<Delivered | null> {
  const carried = await content(desk, row, token)
  if (!carried) return null
  const { origin, issuer } = desk.deployment
  const topic = (await sha256(row.challenge)).slice(0, 32)
  const ttlSeconds = row.untilAt - nowSeconds(desk)
  const message = { subscription, payload: pushPayload(carried, origin, issuer), ttlSeconds, topic }
  const sent = await noted(desk, row, await deliver(message, desk.deployment, desk.nowMs))
  if (sent.outcome !== 'too_large') return sent
  const idOnly = { ...message, payload: pushPayload(carried, origin, issuer, true) }
  return noted(desk, row, await deliver(idOnly, desk.deployment, desk.nowMs))
}

async function byFcm(
  desk: Desk,
  row: PushRow,
  token: TokenCopy,
  { fbtoken, gateway: name }: FcmRoad,
): Promise<Delivered | null> {
  const transaction = transactionById(desk, row.transactionId)
  const customer = keptCopy(desk)?.customer
  if (!transaction || customer === undefined || currentState(desk, transaction) !== 'pending')
    return null
  const challenge = await phoneChallenge(desk, token, transaction)
  if (!challenge) return null
  const gateway = await findGateway(desk.context, customer, name)
  if (!gateway) return noted(desk, row, outcomes('', desk.nowMs)('not_configured', null))
  const message = {
    ...fcmMessage(challenge, desk.deployment.issuer),
    token: fbtoken,
    ttlSeconds: row.untilAt - nowSeconds(desk),
    collapse: row.serial,
  }
  return noted(desk, row, await deliverByFcm(message, gateway, desk.deployment, desk.nowMs))
}

/** So long an app is told how the last push to it went. */
const toldSeconds = 86_400

/** For the administrator, and for the app that asks whether the last one arrived. */
async function noted(desk: Desk, row: PushRow, sent: Delivered): Promise<Delivered> {
  const { serial, challenge, kind, attempt } = row
  const { host, status, outcome, tookMs } = sent
  const customer = keptCopy(desk)?.customer ?? ''
  const challengeHash = await sha256(challenge)
  const at = nowSeconds(desk)
  keepUntil(desk, 'pushed', serial, { outcome, at }, at + toldSeconds)
  if (kind === 'trial') noteTrial(desk, serial, challenge, outcome)
  record(desk, {
    kind: 'delivery',
    body: { customer, serial, challengeHash, kind, attempt, host, status, outcome, tookMs },
  })
  return sent
}

async function content(desk: Desk, row: PushRow, token: TokenCopy) {
  const device = token.deviceId ?? ''
  const { challenge } = row
  if (row.kind === 'newcomer') {
    const newcomer = await newcomerJws(desk, device, row.challenge)
    return newcomer && { device, newcomer }
  }
  if (row.kind === 'trial') return { device, trial: await trialJws(desk, device, row.challenge) }
  const transaction = transactionById(desk, row.transactionId)
  if (!transaction) return null
  if (row.kind === 'ended') {
    const ended = await endedJws(desk, row.serial, transaction)
    return ended && { device, challenge, ended }
  }
  if (currentState(desk, transaction) !== 'pending') return null
  const issued = challengesOf(desk, row.transactionId).find(({ serial }) => serial === row.serial)
  return issued ? { device, challenge, jws: issued.jws } : null
}

/** The push service says that nobody listens there any more: D1 learns it through the outbox, the copy at once. */
function endRoad(desk: Desk, serial: string, road: Road): void {
  const token = tokenCopy(desk, serial)
  if (road.by === 'web') {
    const { endpoint } = road.subscription
    if (token?.subscription?.endpoint !== endpoint) return
    token.subscription = null
    record(desk, { kind: 'subscription_gone', body: { serial, endpoint } })
  } else {
    const { fbtoken } = road
    if (token?.phone?.fbtoken !== fbtoken) return
    token.phone.fbtoken = ''
    record(desk, { kind: 'fbtoken_gone', body: { serial, fbtoken } })
  }
  keepCopy(desk)
}
