/**
 * Registers the service worker and brings new versions in: only when the person says so, and never while a sign-in is
 * open, because a reload would take the question out of their hands.
 */
import { computed, effect, signal } from '@preact/signals'
import { finished, prompts } from '../challenge/open.ts'
import { type FromWorker, type ToWorker, listen } from '../sw-bridge.ts'

const waiting = signal<ServiceWorker | null>(null)
const reloadDue = signal(false)
const busy = computed(() => prompts.value.length > 0 || finished.value !== null)

/** A new version is here and this is a good moment. */
export const updateReady = computed(() => waiting.value !== null && !busy.value)

/** How often an app that is never closed looks for a new version. */
const lookEveryMs = 60 * 60 * 1000

export async function registerWorker(onMessage: (message: FromWorker) => void): Promise<void> {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return
  const container = navigator.serviceWorker
  listen(container, onMessage)
  // The first worker takes over a page that has none; that is no update.
  let hadController = container.controller !== null
  container.addEventListener('controllerchange', () => {
    if (hadController) reloadDue.value = true
    hadController = true
  })
  effect(() => {
    if (reloadDue.value && !busy.value) location.reload()
  })
  const registration = await container.register(workerAddress(), {
    scope: '/',
    updateViaCache: 'none',
  })
  follow(registration)
  setInterval(() => void lookForUpdate(), lookEveryMs)
}

function follow(registration: ServiceWorkerRegistration): void {
  const note = (worker: ServiceWorker | null): void => {
    if (worker && registration.active) waiting.value = worker
  }
  note(registration.waiting)
  registration.addEventListener('updatefound', () => {
    const fresh = registration.installing
    fresh?.addEventListener('statechange', () => {
      if (fresh.state === 'installed') note(fresh)
    })
  })
}

export async function lookForUpdate(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration()
  // Offline is no reason to complain: the next look will do.
  await registration?.update().catch(() => undefined)
}

export function applyUpdate(): void {
  if (busy.value) return
  if (!waiting.value) {
    location.reload()
    return
  }
  const message: ToWorker = { type: 'take-over' }
  waiting.value.postMessage(message)
}

type ScriptPolicy = { createScriptURL(address: string): unknown }
type Policies = {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): ScriptPolicy
}

/** Our Content Security Policy wants a trusted address for anything that runs; there is exactly one. */
function workerAddress(): string {
  const address = '/sw.js'
  const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes
  if (!policies) return address
  const policy = policies.createPolicy('countersign', {
    createScriptURL(asked) {
      if (asked !== address) throw new TypeError(`not our service worker: ${asked}`)
      return asked
    },
  })
  // The DOM library has no type for a TrustedScriptURL where a string is taken.
  return policy.createScriptURL(address) as string
}
