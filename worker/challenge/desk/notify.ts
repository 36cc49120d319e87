/**
 * Tells the owner's devices: open apps by socket at once, all by push where the bell may ring. Each push is a row until the
 * push service has taken it; the alarm tries again what failed, inside the challenge's life.
 */
import { sha256, toBase64url } from '../../../schema/encoding.ts'
import type { SocketMessage } from '../../../schema/device.ts'
import { sign } from '../../../schema/jws.ts'
import { type EndedClaims, typ } from '../../../schema/signing.ts'
import { type Delivered, deliver } from '../../push/deliver.ts'
import { pushPayload } from '../../push/payload.ts'
import { keptCopy } from './copy.ts'
import { type Desk, needStorage, nowSeconds, rows, type TokenCopy } from './desk.ts'
import { clearDue, setDue } from './due.ts'
import { drainSoon, record } from './outbox.ts'
import { socketsOf } from './sockets.ts'
import { type Transaction, challengesOf, currentState, transactionById } from './transaction.ts'

/** If the object dies while a push is under way, the alarm sends it again after this. */
const underWayMs = 10_000
const firstRetryMs = 1000
/** Long enough for a device that comes out of a tunnel to learn that it is over. */
const endedTtlSeconds = 300

type PushRow = {
  id: string
  serial: string
  transactionId: string
  challenge: string
  kind: 'challenge' | 'ended'
  attempt: number
  untilAt: number
}

const tokenOf = (desk: Desk, serial: string): TokenCopy | undefined =>
  keptCopy(desk)?.tokens.find((token) => token.serial === serial)

/** A new challenge, or one sent again. */
export function notifyChallenge(
  desk: Desk,
  transactionId: string,
  { ring }: { ring: boolean },
): void {
  const transaction = transactionById(desk, transactionId)
  if (!transaction) return
  for (const { serial, jws } of challengesOf(desk, transactionId)) {
    say(desk, serial, { type: 'challenge', challenge: transaction.challenge, jws })
    if (ring) queuePush(desk, transaction, serial, 'challenge', transaction.answerableUntilAt)
  }
  if (ring) void sendSoon(desk)
}

/** It ended: open apps take it away, and notifications on the other devices are replaced. */
export function notifyEnded(desk: Desk, transaction: Transaction): void {
  rows(desk, "delete from push where transactionId = ? and kind = 'challenge'", transaction.id)
  tellSockets(desk, transaction)
  if (!transaction.rung) return
  for (const { serial } of challengesOf(desk, transaction.id))
    if (serial !== transaction.answeredBy)
      queuePush(desk, transaction, serial, 'ended', nowSeconds(desk) + endedTtlSeconds)
  void sendSoon(desk)
}

export function tellSockets(desk: Desk, transaction: Transaction): void {
  for (const { serial } of challengesOf(desk, transaction.id)) {
    if (socketsOf(desk, serial).length === 0) continue
    const { challenge, state } = transaction
    desk.background(
      endedJws(desk, serial, transaction).then(
        (jws) => jws && say(desk, serial, { type: 'ended', challenge, state, jws }),
      ),
    )
  }
}

async function endedJws(
  desk: Desk,
  serial: string,
  transaction: Transaction,
): Promise<string | null> {
  const deviceId = tokenOf(desk, serial)?.deviceId
  if (!deviceId) return null
  const claims: EndedClaims = {
    aud: deviceId,
    challenge: transaction.challenge,
    state: currentState(desk, transaction),
    iat: nowSeconds(desk),
  }
  return sign(typ.ended, claims, desk.deployment.signing)
}

function say(desk: Desk, serial: string, message: SocketMessage): void {
  for (const socket of socketsOf(desk, serial)) {
    try {
      socket.send(JSON.stringify(message))
    } catch {
      // A socket that just closed: its page asks for the list when it is back.
    }
  }
}

function queuePush(
  desk: Desk,
  { id, challenge }: Transaction,
  serial: string,
  kind: PushRow['kind'],
  untilAt: number,
): void {
  if (!tokenOf(desk, serial)?.subscription) return
  needStorage(desk)
  rows(
    desk,
    'delete from push where transactionId = ? and serial = ? and kind = ?',
    id,
    serial,
    kind,
  )
  desk.sql.exec(
    `insert into push (id, serial, transactionId, challenge, kind, attempt, nextAtMs, untilAt)
     values (?, ?, ?, ?, ?, 0, ?, ?)`,
    toBase64url(desk.random(12)),
    serial,
    id,
    challenge,
    kind,
    desk.nowMs(),
    untilAt,
  )
  setDue(desk, 'pushes', desk.nowMs() + underWayMs)
}

/** Starts sending what is due. Each row is claimed as it is taken, so that a slow push service holds up no later push. */
export function sendSoon(desk: Desk): Promise<void> {
  const sending = sendDue(desk).finally(() => drainSoon(desk))
  desk.background(sending)
  return sending
}

async function sendDue(desk: Desk): Promise<void> {
  const due = rows<PushRow>(
    desk,
    `update push set attempt = attempt + 1, nextAtMs = ? where nextAtMs <= ?
     returning id, serial, transactionId, challenge, kind, attempt, untilAt`,
    desk.nowMs() + underWayMs,
    desk.nowMs(),
  )
  // One dead subscription must not keep the others from ringing.
  await Promise.all(due.map((row) => send(desk, row)))
  clearDue(desk, 'pushes')
  const [left] = rows<{ atMs: number | null }>(desk, 'select min(nextAtMs) as atMs from push')
  if (left?.atMs) setDue(desk, 'pushes', left.atMs)
}

async function send(desk: Desk, row: PushRow): Promise<void> {
  const copy = keptCopy(desk)
  const token = tokenOf(desk, row.serial)
  const ttlSeconds = row.untilAt - nowSeconds(desk)
  const carried = token?.subscription && ttlSeconds > 0 && (await content(desk, row, token))
  if (!copy || !token?.subscription || !carried)
    return void rows(desk, 'delete from push where id = ?', row.id)
  const { subscription } = token
  const { origin, issuer } = desk.deployment
  const topic = (await sha256(row.challenge)).slice(0, 32)
  const message = { subscription, payload: pushPayload(carried, origin, issuer), ttlSeconds, topic }
  let sent = await deliver(message, desk.deployment, desk.nowMs)
  await noteDelivery(desk, copy.customer, row, sent)
  if (sent.outcome === 'too_large') {
    const idOnly = { ...message, payload: pushPayload(carried, origin, issuer, true) }
    sent = await deliver(idOnly, desk.deployment, desk.nowMs)
    await noteDelivery(desk, copy.customer, row, sent)
  }
  settle(desk, row, token, sent)
}

async function noteDelivery(
  desk: Desk,
  customer: string,
  { serial, challenge, kind, attempt }: PushRow,
  { host, status, outcome, tookMs }: Delivered,
): Promise<void> {
  const challengeHash = await sha256(challenge)
  desk.sql.exec(
    'insert or replace into pushed (serial, outcome, at) values (?, ?, ?)',
    serial,
    outcome,
    nowSeconds(desk),
  )
  record(desk, {
    kind: 'delivery',
    body: { customer, serial, challengeHash, kind, attempt, host, status, outcome, tookMs },
  })
}

async function content(desk: Desk, row: PushRow, token: TokenCopy) {
  const device = token.deviceId ?? ''
  const { challenge } = row
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

function settle(desk: Desk, row: PushRow, token: TokenCopy, sent: Delivered): void {
  if (sent.outcome === 'retry') {
    const waitMs = Math.max(
      firstRetryMs * 2 ** Math.min(row.attempt - 1, 6),
      (sent.retryAfterSeconds ?? 0) * 1000,
    )
    const nextAtMs = desk.nowMs() + waitMs
    if (nextAtMs < row.untilAt * 1000) {
      rows(desk, 'update push set nextAtMs = ? where id = ?', nextAtMs, row.id)
      return setDue(desk, 'pushes', nextAtMs)
    }
  }
  rows(desk, 'delete from push where id = ?', row.id)
  if (sent.outcome === 'gone' && token.subscription)
    retireSubscription(desk, token.serial, token.subscription.endpoint)
}

/** The push service says that nobody listens there any more: D1 learns it through the outbox, the copy at once. */
function retireSubscription(desk: Desk, serial: string, endpoint: string): void {
  const token = tokenOf(desk, serial)
  if (!desk.copy || token?.subscription?.endpoint !== endpoint) return
  token.subscription = null
  desk.sql.exec('update owner set copy = ?', JSON.stringify(desk.copy))
  record(desk, { kind: 'subscription_gone', body: { serial, endpoint } })
}
