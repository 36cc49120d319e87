/**
 * The one place that decides about an owner's challenges: one object for each person, or for each token that nobody owns. One
 * thread makes "answered once" and "redeemed once" need no lock. A class of small calls; the verbs are in desk/.
 */
import { DurableObject } from 'cloudflare:workers'
import { socketProtocol } from '../../schema/device.ts'
import type { State } from '../../schema/states.ts'
import { databaseOf } from '../crypto/owner.ts'
import { random } from '../crypto/random.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import { type Env, deploymentOf } from '../env.ts'
import { logFailure } from '../record/log.ts'
import { databaseNumbered, hasSeveral } from '../store/databases.ts'
import { ring } from './desk/alarm.ts'
import { type Answer, answer, deviceToken } from './desk/answer.ts'
import * as byLogin from './desk/by-login.ts'
import { copyOf } from './desk/copy.ts'
import type { Address, Desk, Found } from './desk/desk.ts'
import * as enrolment from './desk/enrolment.ts'
import { purgeExpired } from './desk/expire.ts'
import { tellNewcomer } from './desk/newcomer.ts'
import * as look from './desk/look.ts'
import { useOnce } from './desk/once.ts'
import { type OtpUse, resync, useOtp } from './desk/otp.ts'
import { type PasskeyUse, usePasskey } from './desk/passkey.ts'
import { pastRequests } from './desk/past.ts'
import * as phone from './desk/phone.ts'
import {
  type Entering,
  type PinQuestion,
  type WrongPin,
  entered,
  pinCandidates,
  pinMatched,
  wrongPin,
} from './desk/pins.ts'
import { type RedeemRequest, redeem } from './desk/redeem.ts'
import { type Report, report } from './desk/report.ts'
import { attach, socketsOf } from './desk/sockets.ts'
import { type Steering, cancel, resend } from './desk/steer.ts'
import { openStorage } from './desk/storage.ts'
import { countersOf, handOver, resetFailCounts, tokensChanged } from './desk/tokens.ts'
import type { TriggerRequest } from './desk/asked.ts'
import { trigger } from './desk/trigger.ts'
import { trialArrived, trialOf, tryPush, waitForTrial } from './desk/trial.ts'
import { type GuessedFrom, takeTry } from './desk/tries.ts'
import { forgive } from './desk/waits.ts'
import { type DeviceWait, stopWaiting, waitForDevice, waitForMove } from './desk/wait.ts'

/** A wait of the caller's choosing of name, so that it can stop it. */
type Wait = { name: string; untilMs: number; whileState: State }

/** An object's name is its owner's id. */
function databaseOfObject({ id }: DurableObjectState, env: Env) {
  const database = databaseOf((id.name ?? '') as OwnerId)
  // What was named before names said it is of the only one there was.
  const db = hasSeveral(env) ? databaseNumbered(env, database) : env.DB
  if (!db) throw new Error(`The database ${database} is not bound`)
  return { database, db }
}

/** More sockets than a person has windows open are a mistake or an attack. */
const socketsPerDevice = 8

export class ChallengeCoordinator extends DurableObject<Env> {
  #desk: Desk | null = null

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'))
    void ctx.blockConcurrencyWhile(async () => {
      const deployment = await deploymentOf(env)
      const nowMs = () => Date.now()
      const { database, db } = databaseOfObject(ctx, env)
      this.#desk = {
        sql: ctx.storage.sql,
        storage: ctx.storage,
        db,
        deployment,
        context: { env, database, db, deployment, nowMs, random },
        random,
        nowMs,
        background: (work) =>
          ctx.waitUntil(
            work.catch((error: unknown) => logFailure('background work failed', error)),
          ),
        sockets: () => ctx.getWebSockets(),
        waiters: new Map(),
        copy: null,
        counters: null,
        open: null,
        kept: new Map(),
        unwritten: null,
        generation: 0,
        handedOver: new Map(),
        copyGeneration: 0,
        hasStorage: openStorage(ctx.storage.sql),
        alarmAtMs: await ctx.storage.getAlarm(),
        draining: null,
      }
    })
  }

  get #open(): Desk {
    if (!this.#desk) throw new Error('the object was called before it was ready')
    return this.#desk
  }

  // ── the application's side

  async trigger(address: Address, request: TriggerRequest) {
    return trigger(this.#open, address, request)
  }

  async status(transactionId: string) {
    return look.statusOf(this.#open, transactionId)
  }

  /** @returns the status when it moved or the slice is over; `tooMany` where too many wait already. */
  async wait(transactionId: string, { name, untilMs, whileState }: Wait) {
    const now = look.statusOf(this.#open, transactionId)
    if (!now || now.state !== whileState) return { status: now, tooMany: false }
    const waited = await waitForMove(this.#open, name, transactionId, untilMs)
    return { status: look.statusOf(this.#open, transactionId), tooMany: !waited }
  }

  /** As `wait`, for a token of this serial to be good. */
  async waitForDevice(address: Address, wanted: DeviceWait) {
    return waitForDevice(this.#open, address, wanted)
  }

  async stopWaiting(name: string) {
    stopWaiting(this.#open, name)
  }

  async redeem(address: Address, request: RedeemRequest) {
    return redeem(this.#open, address, request)
  }

  async cancel(address: Address, steering: Steering) {
    return cancel(this.#open, address, steering)
  }

  async resend(address: Address, steering: Steering) {
    return resend(this.#open, address, steering)
  }

  async openEnrolment(address: Address, request: byLogin.OpenEnrolment) {
    return byLogin.openEnrolment(this.#open, address, request)
  }

  async cancelEnrolment(address: Address, steering: Steering) {
    return byLogin.cancelEnrolment(this.#open, address, steering)
  }

  async pinCandidates(address: Address, question: PinQuestion) {
    return pinCandidates(this.#open, address, question)
  }

  async wrongPin(address: Address, wrong: WrongPin) {
    wrongPin(this.#open, address, wrong)
  }

  async useOtp(address: Address, use: OtpUse) {
    return useOtp(this.#open, address, use)
  }

  async usePasskey(address: Address, use: PasskeyUse) {
    return usePasskey(this.#open, address, use)
  }

  async resync(address: Address, codes: { serial: string; otps: [string, string] }) {
    return resync(this.#open, address, codes)
  }

  async pinMatched(scope: string, attempt: string) {
    pinMatched(this.#open, scope, attempt)
  }

  async entered(address: Address, entering: Entering) {
    return entered(this.#open, address, entering)
  }

  /** For guesses that are not at an owner's tokens: an account's password. */
  async takeTry(scope: string, from: GuessedFrom) {
    return takeTry(this.#open, scope, from)
  }

  async forgiveTries(scope: string) {
    forgive(this.#open, scope)
  }

  // ── the person's side

  async pastRequests(address: Address) {
    return pastRequests(this.#open, address)
  }

  async tryPush(address: Address, serial: string) {
    return tryPush(this.#open, address, serial)
  }

  /** As `wait`, for a try to have an end. */
  async waitForTrial(address: Address, serial: string, slice: Omit<Wait, 'whileState'>) {
    return waitForTrial(this.#open, address, serial, slice)
  }

  async trialOf(address: Address, serial: string) {
    return trialOf(this.#open, address, serial)
  }

  async report(address: Address, said: Report) {
    return report(this.#open, address, said)
  }

  // ── the device's side

  async answer(address: Found, given: Answer) {
    return answer(this.#open, address, given)
  }

  async openFor(address: Found, deviceId: string) {
    return look.openFor(this.#open, address, deviceId)
  }

  async oneFor(address: Found, deviceId: string, challenge: string) {
    return look.oneFor(this.#open, address, deviceId, challenge)
  }

  /** Lets a device that changes something in: known, in force, and with a request that was not used before. */
  async admit(address: Found, deviceId: string, jti: string, attempt: string) {
    const copy = await copyOf(this.#open, address)
    const token = deviceToken(this.#open, copy, deviceId)
    if ('reason' in token) return { ok: false as const, reason: token.reason }
    if (!useOnce(this.#open, jti, attempt))
      return { ok: false as const, reason: 'replayed' as const }
    const { serial, heldUntil = null, stoppableUntil = null } = token
    return { ok: true as const, serial, heldUntil, stoppableUntil, customer: copy.customer }
  }

  async trialArrived(address: Found, trial: { serial: string; id: string }) {
    return trialArrived(this.#open, address, trial)
  }

  /** The socket of an open app; the Worker has verified the request and gives what it proved. */
  override async fetch(request: Request): Promise<Response> {
    const { address, deviceId, jti } = JSON.parse(request.headers.get('Countersign-Admit') ?? '{}')
    const admitted = await this.admit(address, deviceId, jti, crypto.randomUUID())
    if (!admitted.ok) return Response.json(admitted, { status: 403 })
    for (const old of socketsOf(this.#open, admitted.serial).slice(socketsPerDevice - 1))
      old.close(1008, 'too many sockets')
    const { 0: theirs, 1: ours } = new WebSocketPair()
    this.ctx.acceptWebSocket(ours)
    attach(ours, admitted.serial)
    return new Response(null, {
      status: 101,
      webSocket: theirs,
      headers: { 'Sec-WebSocket-Protocol': socketProtocol },
    })
  }

  override async webSocketMessage(): Promise<void> {
    // The server only speaks; `ping` is answered by the runtime while the object sleeps.
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    socket.close()
  }

  // ── the stock phone's side

  async openForPhone(address: Address, asking: Parameters<typeof phone.openForPhone>[2]) {
    return phone.openForPhone(this.#open, address, asking)
  }

  async answerByPhone(address: Address, given: Parameters<typeof phone.answerByPhone>[2]) {
    return phone.answerByPhone(this.#open, address, given)
  }

  // ── tokens and enrolments

  async tellNewcomer(address: Found, added: { serial: string; ring: boolean }) {
    await tellNewcomer(this.#open, address, added)
  }

  async tokensChanged(address: Found) {
    await tokensChanged(this.#open, address)
  }

  /** What of a token only this object knows at once. */
  async countersOf(address: Address, serial: string) {
    await copyOf(this.#open, address)
    return countersOf(this.#open, serial)
  }

  async resetFailCounts(address: Address, serials: string[]) {
    await resetFailCounts(this.#open, address, serials)
  }

  async handOver(address: Address, serial: string) {
    return handOver(this.#open, address, serial)
  }

  async openChallenges(serial: string | null) {
    return look.openChallenges(this.#open, serial)
  }

  async purgeExpired() {
    return purgeExpired(this.#open)
  }

  async enrolmentBegun(begun: enrolment.EnrolmentBegun) {
    enrolment.enrolmentBegun(this.#open, begun)
  }

  async lookAtEnrolment(proof: enrolment.EnrolmentProof) {
    return enrolment.lookAtEnrolment(this.#open, proof)
  }

  async spendEnrolment(proof: enrolment.EnrolmentProof, keyThumbprint: string) {
    return enrolment.spendEnrolment(this.#open, proof, keyThumbprint)
  }

  override async alarm(): Promise<void> {
    await ring(this.#open)
  }
}
