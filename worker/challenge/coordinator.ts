/**
 * The one place that decides about an owner's challenges: one object for each person, or for each token that nobody owns. One
 * thread makes "answered once" and "redeemed once" need no lock. A class of small calls; the verbs are in desk/.
 */
import { DurableObject } from 'cloudflare:workers'
import type { State } from '../../schema/states.ts'
import type { Env } from '../env.ts'
import type { Answer } from './desk/answer.ts'
import type { TriggerRequest } from './desk/asked.ts'
import type * as byLogin from './desk/by-login.ts'
import type { Address, Desk, Found, Seen } from './desk/desk.ts'
import type * as enrolment from './desk/enrolment.ts'
import type { OtpUse } from './desk/otp.ts'
import type { PasskeyUse } from './desk/passkey.ts'
import type * as phone from './desk/phone.ts'
import type { Entering, PinQuestion, WrongPin } from './desk/pins.ts'
import type { RedeemRequest } from './desk/redeem.ts'
import type { Report } from './desk/report.ts'
import type { Steering } from './desk/steer.ts'
import type { GuessedFrom } from './desk/tries.ts'
import type { DeviceWait } from './desk/wait.ts'

type Verbs = typeof import('./desk/verbs.ts')

/** A wait of the caller's choosing of name, so that it can stop it. */
type Wait = { name: string; untilMs: number; whileState: State }

/** More sockets than a person has windows open are a mistake or an attack. */
const socketsPerDevice = 8

export class ChallengeCoordinator extends DurableObject<Env> {
  #opened: { desk: Desk; verbs: Verbs } | null = null

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'))
    void ctx.blockConcurrencyWhile(async () => {
      const verbs = await import('./desk/verbs.ts')
      this.#opened = { desk: await verbs.openDesk(ctx, env), verbs }
    })
  }

  get #ready() {
    if (!this.#opened) throw new Error('the object was called before it was ready')
    return this.#opened
  }

  get #open(): Desk {
    return this.#ready.desk
  }

  /** What it can do is read when an object is first called, not when an isolate starts. */
  get #verbs(): Verbs {
    return this.#ready.verbs
  }

  // ── the application's side

  async trigger(address: Address, request: TriggerRequest, seen?: Seen) {
    return this.#verbs.trigger(this.#open, address, request, seen)
  }

  async status(transactionId: string) {
    return this.#verbs.look.statusOf(this.#open, transactionId)
  }

  /** @returns the status when it moved or the slice is over; `tooMany` where too many wait already. */
  async wait(transactionId: string, { name, untilMs, whileState }: Wait) {
    const now = this.#verbs.look.statusOf(this.#open, transactionId)
    if (!now || now.state !== whileState) return { status: now, tooMany: false }
    const waited = await this.#verbs.waitForMove(this.#open, name, transactionId, untilMs)
    return { status: this.#verbs.look.statusOf(this.#open, transactionId), tooMany: !waited }
  }

  /** As `wait`, for a token of this serial to be good. */
  async waitForDevice(address: Address, wanted: DeviceWait) {
    return this.#verbs.waitForDevice(this.#open, address, wanted)
  }

  async stopWaiting(name: string) {
    this.#verbs.stopWaiting(this.#open, name)
  }

  async redeem(address: Address, request: RedeemRequest) {
    return this.#verbs.redeem(this.#open, address, request)
  }

  async cancel(address: Address, steering: Steering) {
    return this.#verbs.cancel(this.#open, address, steering)
  }

  async resend(address: Address, steering: Steering) {
    return this.#verbs.resend(this.#open, address, steering)
  }

  async openEnrolment(address: Address, request: byLogin.OpenEnrolment) {
    return this.#verbs.byLogin.openEnrolment(this.#open, address, request)
  }

  async cancelEnrolment(address: Address, steering: Steering) {
    return this.#verbs.byLogin.cancelEnrolment(this.#open, address, steering)
  }

  async pinCandidates(address: Address, question: PinQuestion, seen?: Seen) {
    return this.#verbs.pinCandidates(this.#open, address, question, seen)
  }

  async wrongPin(address: Address, wrong: WrongPin) {
    await this.#verbs.wrongPin(this.#open, address, wrong)
  }

  async useOtp(address: Address, use: OtpUse) {
    return this.#verbs.useOtp(this.#open, address, use)
  }

  async usePasskey(address: Address, use: PasskeyUse) {
    return this.#verbs.usePasskey(this.#open, address, use)
  }

  async resync(address: Address, codes: { serial: string; otps: [string, string] }) {
    return this.#verbs.resync(this.#open, address, codes)
  }

  async pinMatched(scope: string, attempt: string) {
    this.#verbs.pinMatched(this.#open, scope, attempt)
  }

  async entered(address: Address, entering: Entering) {
    return this.#verbs.entered(this.#open, address, entering)
  }

  /** For guesses that are not at an owner's tokens: an account's password. */
  async takeTry(scope: string, from: GuessedFrom) {
    return this.#verbs.takeTry(this.#open, scope, from)
  }

  async forgiveTries(scope: string) {
    this.#verbs.forgive(this.#open, scope)
  }

  // ── the person's side

  async pastRequests(address: Address) {
    return this.#verbs.pastRequests(this.#open, address)
  }

  async tryPush(address: Address, serial: string) {
    return this.#verbs.tryPush(this.#open, address, serial)
  }

  /** As `wait`, for a try to have an end. */
  async waitForTrial(address: Address, serial: string, slice: Omit<Wait, 'whileState'>) {
    return this.#verbs.waitForTrial(this.#open, address, serial, slice)
  }

  async trialOf(address: Address, serial: string) {
    return this.#verbs.trialOf(this.#open, address, serial)
  }

  async report(address: Address, said: Report) {
    return this.#verbs.report(this.#open, address, said)
  }

  // ── the device's side

  async answer(address: Found, given: Answer) {
    return this.#verbs.answer(this.#open, address, given)
  }

  async openFor(address: Found, deviceId: string) {
    return this.#verbs.look.openFor(this.#open, address, deviceId)
  }

  async oneFor(address: Found, deviceId: string, challenge: string) {
    return this.#verbs.look.oneFor(this.#open, address, deviceId, challenge)
  }

  /** Lets a device that changes something in: known, in force, and with a request that was not used before. */
  async admit(address: Found, deviceId: string, jti: string, attempt: string) {
    const copy = await this.#verbs.copyOf(this.#open, address)
    const token = this.#verbs.deviceToken(this.#open, copy, deviceId)
    if ('reason' in token) return { ok: false as const, reason: token.reason }
    if (!this.#verbs.useOnce(this.#open, jti, attempt))
      return { ok: false as const, reason: 'replayed' as const }
    const { serial, heldUntil, stoppableUntil } = token
    return { ok: true as const, serial, heldUntil, stoppableUntil, customer: copy.customer }
  }

  async trialArrived(address: Found, trial: { serial: string; id: string }) {
    return this.#verbs.trialArrived(this.#open, address, trial)
  }

  /** The socket of an open app; the Worker has verified the request and gives what it proved. */
  override async fetch(request: Request): Promise<Response> {
    const { address, deviceId, jti } = JSON.parse(request.headers.get('Countersign-Admit') ?? '{}')
    const admitted = await this.admit(address, deviceId, jti, crypto.randomUUID())
    if (!admitted.ok) return Response.json(admitted, { status: 403 })
    for (const old of this.#verbs
      .socketsOf(this.#open, admitted.serial)
      .slice(socketsPerDevice - 1))
      old.close(1008, 'too many sockets')
    const { 0: theirs, 1: ours } = new WebSocketPair()
    this.ctx.acceptWebSocket(ours)
    this.#verbs.attach(ours, admitted.serial)
    return new Response(null, {
      status: 101,
      webSocket: theirs,
      headers: { 'Sec-WebSocket-Protocol': this.#verbs.socketProtocol },
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
    return this.#verbs.phone.openForPhone(this.#open, address, asking)
  }

  async answerByPhone(address: Address, given: Parameters<typeof phone.answerByPhone>[2]) {
    return this.#verbs.phone.answerByPhone(this.#open, address, given)
  }

  // ── tokens and enrolments

  async tellNewcomer(address: Found, added: { serial: string; ring: boolean }) {
    await this.#verbs.tellNewcomer(this.#open, address, added)
  }

  /** @param doneAtMs since when D1 has the change, at the latest. */
  async tokensChanged(address: Found, doneAtMs: number) {
    await this.#verbs.tokensChanged(this.#open, address, doneAtMs)
  }

  /** What of these tokens only this object knows at once, in their order. */
  async countersOf(address: Address, serials: string[]) {
    await this.#verbs.copyOf(this.#open, address)
    return serials.map((serial) => this.#verbs.countersOf(this.#open, serial))
  }

  async resetFailCounts(address: Address, serials: string[]) {
    await this.#verbs.resetFailCounts(this.#open, address, serials)
  }

  async handOver(address: Address, serial: string) {
    return this.#verbs.handOver(this.#open, address, serial)
  }

  async openChallenges(serial: string | null) {
    return this.#verbs.look.openChallenges(this.#open, serial)
  }

  async purgeExpired() {
    return this.#verbs.purgeExpired(this.#open)
  }

  async enrolmentBegun(begun: enrolment.EnrolmentBegun) {
    this.#verbs.enrolment.enrolmentBegun(this.#open, begun)
  }

  async lookAtEnrolment(proof: enrolment.EnrolmentProof) {
    return this.#verbs.enrolment.lookAtEnrolment(this.#open, proof)
  }

  async spendEnrolment(proof: enrolment.EnrolmentProof, keyThumbprint: string) {
    return this.#verbs.enrolment.spendEnrolment(this.#open, proof, keyThumbprint)
  }

  override async alarm(): Promise<void> {
    await this.#verbs.ring(this.#open)
  }
}
