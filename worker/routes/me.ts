/** /me: what a person's own page asks beside /auth and /token: their devices in few words, when a new one is ready, what was asked in their name. */
import type { Address } from '../challenge/desk/desk.ts'
import { reach } from '../challenge/reach.ts'
import { awaitDevice } from '../enrolment/await-device.ts'
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import { pushHealth } from '../store/own-devices.ts'
import { tokensOf } from '../store/tokens/find.ts'
import type { TokenRow } from '../store/tokens/row.ts'
import { parametersOf } from './decode/parameters.ts'
import { personOf } from './decode/person.ts'
import { recentSeconds } from './decode/permission.ts'
import { tokenNamed } from './decode/token-asked.ts'
import { answer, envelope } from './encode/envelope.ts'
import { ownDevices } from './encode/own-device.ts'
import { streamed } from './encode/streamed.ts'
import { requests } from './me/requests.ts'
import { trial } from './me/trial.ts'
import { surface } from './surface.ts'

export const me = surface()

me.route('/requests', requests)
me.route('/', trial)

me.get('/devices', async (call) => {
  const { self, customer } = await personOf(call)
  const context = call.get('context')
  const own = await asNow(context, { ownerId: self.ownerId, customer })
  const pushed = own.filter(({ type }) => type === 'push').map(({ serial }) => serial)
  const health = await pushHealth(context.db, customer, pushed)
  return answer(call, {
    value: {
      devices: ownDevices(own, health, nowSeconds(context)),
      approved: self.approved,
      changes_until: self.approved ? self.sinceAt + recentSeconds : 0,
    },
  })
})

/** D1 hears some seconds later what was just used: who has signed in by it would read that it never was. */
async function asNow(context: Context, address: Address): Promise<TokenRow[]> {
  const own = await tokensOf(context.db, address.ownerId)
  if (own.length === 0) return own
  const serials = own.map(({ serial }) => serial)
  const counted = await reach(context, address, (object) => object.countersOf(address, serials))
  return own.map((token, at) => ({ ...token, ...counted[at] }))
}

/** Longer than an invitation is shown for nobody looks. */
const longestMs = 10 * 60_000

me.get('/devices/:serial/ready', async (call) => {
  const { self, customer } = await personOf(call)
  const context = call.get('context')
  const { serial, ownerId } = await tokenNamed(context, customer, call.req.param('serial'))
  if (ownerId !== self.ownerId) return refuse({ reason: 'serial_not_found' })
  const address = { ownerId: self.ownerId, customer }
  const subscribed = (await parametersOf(call)).get('notifications') === '1'
  const untilMs = context.nowMs() + longestMs
  return streamed(
    (work) => call.executionCtx.waitUntil(work),
    async (gone) => {
      const isReady = await awaitDevice(context, address, { serial, subscribed }, { untilMs, gone })
      return envelope({ value: isReady }, context.nowMs())
    },
  )
})
