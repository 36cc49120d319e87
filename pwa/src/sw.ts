/// <reference lib="webworker" />
/**
 * The service worker: keeps the app's shell for starting offline, shows what a push brings, takes clicks on it, and lets
 * a new version in when the person agreed. Each of these is a file of its own; here they are only connected.
 */
import type { PrecacheEntry } from 'workbox-precaching'
import { isToWorker } from './sw-bridge.ts'
import { clicked } from './sw-click.ts'
import { received, resubscribe } from './sw-push.ts'
import { keepShell } from './sw-shell.ts'

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: PrecacheEntry[] }

keepShell(self, self.__WB_MANIFEST)

self.addEventListener('push', (event) => event.waitUntil(received(self, event.data)))
self.addEventListener('notificationclick', (event) => event.waitUntil(clicked(self, event)))
self.addEventListener('pushsubscriptionchange', (event) =>
  (event as ExtendableEvent).waitUntil(resubscribe(self)),
)
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('message', (event) => {
  // Only on request: the page sees to it that no sign-in is open.
  if (isToWorker(event.data)) event.waitUntil(self.skipWaiting())
})
