/** /me: what a person's own page asks beside /auth and /token: their devices in few words, and when a new one is ready. */
import { nowSeconds } from '../env.ts'
import { reach, coordinatorOf } from '../challenge/reach.ts'
import { recoveryCodes } from '../factor/otp.ts'
import { refuse } from '../problem.ts'
import { pushHealth } from '../store/own-devices.ts'
import { type TokenRow, tokensOf } from '../store/tokens.ts'
import { toBase64url } from '../../schema/encoding.ts'
import { callerWith } from './decode/caller.ts'
import type { Self } from './decode/identity.ts'
import { recentSeconds } from './decode/permission.ts'
import { tokenNamed } from './decode/token-asked.ts'
import { answer, envelope } from './encode/envelope.ts'
import { streamed } from './encode/streamed.ts'
import { type Call, surface } from './surface.ts'

export const me = surface()

/** @throws Refusal role_missing: an administrator has a console. */
async function personOf(call: Call): Promise<{ self: Self; customer: string }> {
  const { self, customer } = await callerWith(call, 'enrol')
  if (!self) return refuse({ reason: 'role_missing' })
  return { self, customer }
}

me.get('/devices', async (call) => {
  const { self, customer } = await personOf(call)
  const context = call.get('context')
  const tokens = await tokensOf(context.db, self.ownerId)
  const pushed = tokens.filter(({ type }) => type === 'push').map(({ serial }) => serial)
  const health = await pushHealth(context.db, customer, pushed)
  const now = nowSeconds(context)
  const devices = tokens
    .filter(({ device }) => device === null)
    .map((token) => {
      const push = health.get(token.serial)
      return {
        serial: token.serial,
        type: token.type,
        name: token.description || token.deviceName,
        state: stateOf(token, now),
        added_at: token.enrolledAt ?? token.createdAt,
        used_at: token.lastAuthAt,
        expires_at: token.validUntil,
        shows_codes: tokens.some(({ device }) => device === token.serial),
        ...(push && {
          push: { subscribed: push.isSubscribed, outcome: push.outcome, at: push.at },
        }),
        ...(token.type === 'recovery' && { left: leftOf(token) }),
      }
    })
  return answer(call, {
    value: {
      devices,
      approved: self.approved,
      changes_until: self.approved ? self.sinceAt + recentSeconds : 0,
    },
  })
})

/** `waiting`: its device has not finished. `off`: lost, disabled or over. */
function stateOf(token: TokenRow, now: number): 'ready' | 'waiting' | 'off' {
  if (token.rolloutState === 'clientwait') return 'waiting'
  const isOver = token.validUntil !== null && token.validUntil <= now
  return token.active && !token.revoked && !isOver ? 'ready' : 'off'
}

/** The counter holds a bit for each that is spent. */
const leftOf = ({ counter }: TokenRow): number =>
  Array.from({ length: recoveryCodes }).filter((_, index) => ((counter >> index) & 1) === 0).length

/** Longer than an invitation is shown for nobody looks. */
const longestMs = 10 * 60_000

me.get('/devices/:serial/ready', async (call) => {
  const { self, customer } = await personOf(call)
  const context = call.get('context')
  const { serial } = await tokenNamed(context, customer, call.req.param('serial'))
  const token = (await tokensOf(context.db, self.ownerId)).find((own) => own.serial === serial)
  if (!token) return refuse({ reason: 'serial_not_found' })
  const address = { ownerId: self.ownerId, customer }
  return streamed(
    (work) => call.executionCtx.waitUntil(work),
    async (gone) => {
      const untilMs = context.nowMs() + longestMs
      let isReady = false
      while (!isReady && context.nowMs() < untilMs) {
        const name = toBase64url(context.random(12))
        const slice = reach(context, address, (object) =>
          object.waitForDevice(address, serial, { name, untilMs }),
        )
        const first = await Promise.race([slice, gone.then(() => null)])
        if (first === null) {
          await coordinatorOf(context, self.ownerId).stopWaiting(name)
          break
        }
        isReady = first
      }
      return envelope({ value: isReady }, context.nowMs())
    },
  )
})
