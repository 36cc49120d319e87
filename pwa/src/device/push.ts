/** Turning notifications on and off from the page, and keeping the server's idea of them current. */
import { signal } from '@preact/signals'
import { activeAccounts, reloadAccounts } from './accounts.ts'
import { askPermission, permission } from './notifications.ts'
import { askPersistence } from './storage.ts'
import { type Subscribed, keepSubscribed, subscribe, unsubscribe } from './subscription.ts'
import { readSetting, writeSetting } from '../keys/settings.ts'

export type PushState = Subscribed | 'denied' | 'impossible' | 'off'

/** What came of the last attempt on this page, where it did not work. */
export const pushTrouble = signal<Exclude<PushState, 'subscribed'> | null>(null)

/** A worker that is being installed for the first time needs a moment; one that never comes must not be waited for. */
const workerPatienceMs = 10_000

/** @returns the registration with a worker at work, which a subscription needs, or null. */
async function registration(): Promise<ServiceWorkerRegistration | null> {
  if (!('serviceWorker' in navigator)) return null
  const late = new Promise<null>((resolve) => setTimeout(resolve, workerPatienceMs, null))
  return Promise.race([navigator.serviceWorker.ready, late])
}

/** Must be called from a click. */
export async function turnOnPush(): Promise<PushState> {
  const state = await attempt()
  pushTrouble.value = state === 'subscribed' ? null : state
  if (state === 'subscribed') {
    await writeSetting('notificationsPutOff', null)
    // Some browsers grant durable storage only to those who may notify.
    void askPersistence()
  }
  await reloadAccounts()
  return state
}

async function attempt(): Promise<PushState> {
  const granted = await askPermission()
  if (granted === 'impossible') return 'impossible'
  if (granted !== 'granted') return granted === 'denied' ? 'denied' : 'off'
  const worker = await registration()
  return worker ? subscribe(worker, activeAccounts.value) : 'impossible'
}

/** The person said no for now: nobody turns them on behind their back, even where the browser would let us. */
export const putOffPush = (): Promise<void> => writeSetting('notificationsPutOff', 'yes')

export async function turnOffPush(): Promise<void> {
  const worker = await registration()
  await putOffPush()
  if (worker) await unsubscribe(worker, activeAccounts.value)
  await reloadAccounts()
}

/** Browsers change subscriptions now and then, and a server may have missed it. */
export async function keepPushCurrent(): Promise<void> {
  const worker = (await wanted()) && (await registration())
  if (!worker) return
  await keepSubscribed(worker, activeAccounts.value)
  await reloadAccounts()
}

/** The server gave a subscription up, because its push service said that it is gone: only a new one will do. */
export async function renewPush(): Promise<void> {
  const worker = (await wanted()) && (await registration())
  if (!worker) return
  await (await worker.pushManager.getSubscription())?.unsubscribe()
  await subscribe(worker, activeAccounts.value)
  await reloadAccounts()
}

async function wanted(): Promise<boolean> {
  return permission.value === 'granted' && (await readSetting('notificationsPutOff')) === null
}
