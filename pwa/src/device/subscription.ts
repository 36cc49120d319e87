/**
 * Gets a push subscription and tells the server of it, for every account: one browser has one subscription for this app.
 * Works in the page and in the service worker.
 */
import { fromBase64url, toBase64url } from '../../../schema/encoding.ts'
import type { SubscriptionUpdate } from '../../../schema/device.ts'
import { fetchKeys, putSubscription } from '../api/device.ts'
import type { Enrolment } from '../keys/database.ts'
import { signerOf, update } from '../keys/enrolments.ts'

/** `timed_out`: the browser never answered, as it does where its push service is out of reach. */
export type Subscribed = 'subscribed' | 'timed_out' | 'refused' | 'offline'

/** subscribe() can hang for ever. */
const subscribePatienceMs = 20_000

export async function subscribe(
  registration: ServiceWorkerRegistration,
  accounts: Enrolment[],
): Promise<Subscribed> {
  const keys = await fetchKeys()
  if (!keys.ok) return 'offline'
  const subscription = await within(
    subscribePatienceMs,
    obtain(registration, keys.value.vapidPublicKey),
  )
  if (subscription === 'timed_out') return 'timed_out'
  if (!subscription) return 'refused'
  const told = await Promise.all(accounts.map((account) => tell(account, subscription)))
  return told.every(Boolean) ? 'subscribed' : 'offline'
}

/** Tells the server where the subscription changed or never arrived; quiet where all is well. */
export async function keepSubscribed(
  registration: ServiceWorkerRegistration,
  accounts: Enrolment[],
): Promise<void> {
  const subscription = await registration.pushManager.getSubscription()
  const stale = accounts.filter(({ endpoint }) => endpoint !== (subscription?.endpoint ?? null))
  if (subscription) await Promise.all(stale.map((account) => tell(account, subscription)))
  else if (stale.length > 0) await subscribe(registration, stale)
}

export async function unsubscribe(
  registration: ServiceWorkerRegistration,
  accounts: Enrolment[],
): Promise<void> {
  await Promise.all(accounts.map((account) => tell(account, null)))
  const subscription = await registration.pushManager.getSubscription()
  await subscription?.unsubscribe()
}

async function obtain(
  registration: ServiceWorkerRegistration,
  vapidPublicKey: string,
): Promise<PushSubscription | null> {
  const applicationServerKey = fromBase64url(vapidPublicKey)
  if (!applicationServerKey) return null
  const existing = await registration.pushManager.getSubscription()
  const itsKey = existing?.options.applicationServerKey
  if (existing && itsKey && toBase64url(new Uint8Array(itsKey)) === vapidPublicKey) return existing
  // A subscription made with another key would be refused by the push service.
  await existing?.unsubscribe()
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey })
}

async function tell(account: Enrolment, subscription: PushSubscription | null): Promise<boolean> {
  const signer = await signerOf(account)
  const body: SubscriptionUpdate = { subscription: subscription && wire(subscription) }
  if (!signer || !(await putSubscription(signer, body)).ok) return false
  await update(account.deviceId, { endpoint: subscription?.endpoint ?? null })
  return true
}

function wire(subscription: PushSubscription): SubscriptionUpdate['subscription'] {
  const { endpoint, keys } = subscription.toJSON()
  if (!endpoint || !keys?.['p256dh'] || !keys['auth']) return null
  return { endpoint, keys: { p256dh: keys['p256dh'], auth: keys['auth'] } }
}

async function within<T>(patienceMs: number, work: Promise<T>): Promise<T | 'timed_out' | null> {
  const late = new Promise<'timed_out'>((resolve) => setTimeout(resolve, patienceMs, 'timed_out'))
  return Promise.race([work.catch(() => null), late])
}
