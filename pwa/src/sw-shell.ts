/// <reference lib="webworker" />
/** Keeps the app's document, script and style, and answers with them, so that the app starts without a network. */
import {
  type PrecacheEntry,
  cleanupOutdatedCaches,
  matchPrecache,
  precacheAndRoute,
} from 'workbox-precaching'

/** Two addresses, one document. */
const shell = '/app'
const shellAddresses = new Set(['/app', '/enrol'])

export function keepShell(self: ServiceWorkerGlobalScope, entries: PrecacheEntry[]): void {
  self.addEventListener('fetch', (event) => {
    const { mode, url } = event.request
    if (mode === 'navigate' && shellAddresses.has(new URL(url).pathname))
      event.respondWith(matchPrecache(shell).then((kept) => kept ?? fetch(event.request)))
  })
  // Its defaults would also answer "/" and ".html" addresses, which belong to the server.
  precacheAndRoute(entries, { directoryIndex: '', cleanURLs: false })
  cleanupOutdatedCaches()
}
