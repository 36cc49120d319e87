/** Tells open apps by socket. What is pushed is in push-queue.ts. */
import type { SocketMessage } from '../../../schema/device.ts'
import { sign } from '../../../schema/jws.ts'
import {
  type EndedClaims,
  type NewcomerClaims,
  type TrialClaims,
  typ,
} from '../../../schema/signing.ts'
import { addedName, isUsable, tokenCopy } from './copy.ts'
import { type Desk, nowSeconds } from './desk.ts'
import { socketsOf } from './sockets.ts'
import { challengesOf, currentState } from './kept.ts'
import type { Transaction } from './transaction.ts'

export function tellSockets(desk: Desk, transaction: Transaction): void {
  if (desk.sockets().length === 0) return
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

export async function endedJws(
  desk: Desk,
  serial: string,
  transaction: Transaction,
): Promise<string | null> {
  const deviceId = tokenCopy(desk, serial)?.deviceId
  if (!deviceId) return null
  const claims: EndedClaims = {
    aud: deviceId,
    challenge: transaction.challenge,
    state: currentState(desk, transaction),
    iat: nowSeconds(desk),
  }
  return sign(typ.ended, claims, desk.deployment.signing)
}

/** @returns null where it has gone meanwhile: there is nothing to warn of. */
export async function newcomerJws(
  desk: Desk,
  device: string,
  serial: string,
): Promise<string | null> {
  const added = tokenCopy(desk, serial)
  if (!added || !isUsable(desk, added)) return null
  const iat = nowSeconds(desk)
  const { heldUntil } = added
  const name = addedName(added)
  const claims: NewcomerClaims = { aud: device, serial, name, heldUntil: heldUntil ?? iat, iat }
  return sign(typ.newcomer, claims, desk.deployment.signing)
}

/** That a push is only a try. */
export function trialJws(desk: Desk, device: string, trial: string): Promise<string> {
  const claims: TrialClaims = { aud: device, trial, iat: nowSeconds(desk) }
  return sign(typ.trial, claims, desk.deployment.signing)
}

export function say(desk: Desk, serial: string, message: SocketMessage): void {
  for (const socket of socketsOf(desk, serial)) {
    try {
      socket.send(JSON.stringify(message))
    } catch {
      // A socket that just closed: its page asks for the list when it is back.
    }
  }
}
