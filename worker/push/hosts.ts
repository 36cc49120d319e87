/**
 * Where we are willing to push. A device names its own endpoint, and a Worker cannot see what address a name resolves
 * to: without a list, an endpoint would be a way to make the server call anything.
 */
import type { Deployment } from '../env.ts'

const known = [
  'fcm.googleapis.com',
  // Chromium as Debian builds it subscribes here.
  'jmt17.google.com',
  'updates.push.services.mozilla.com',
]
/** Any host directly or deeper below these. */
const knownBelow = ['.push.apple.com', '.notify.windows.com', '.push.services.mozilla.com']

/** Where Google gives a service account its access tokens. */
const knownForTokens = ['oauth2.googleapis.com', 'accounts.google.com', 'www.googleapis.com']

/** @returns whether a service account's tokens may be asked for there: its key file names the address, and files are pasted. */
export const isTokenEndpoint = (address: string, extraHosts: string[]): boolean =>
  isPlainHttps(address) && [...knownForTokens, ...extraHosts].includes(new URL(address).hostname)

/** @returns whether an FCM of HTTP v1 may be looked for there. */
export const isFcmAddress = (address: string, extraHosts: string[]): boolean =>
  isPlainHttps(address) && ['fcm.googleapis.com', ...extraHosts].includes(new URL(address).hostname)

/** @returns whether the endpoint is https at a known push service, or at a host that the operator added. */
export function isPushEndpoint(endpoint: string, extraHosts: string[]): boolean {
  if (!isPlainHttps(endpoint)) return false
  const { hostname } = new URL(endpoint)
  return (
    known.includes(hostname) ||
    extraHosts.includes(hostname) ||
    knownBelow.some((suffix) => hostname.endsWith(suffix))
  )
}

/** @returns whether an application may be told there how a CIBA request went: at hosts that the operator added, and nowhere else. */
export const isNotifiable = (address: string, extraHosts: string[]): boolean =>
  isPlainHttps(address) && extraHosts.includes(new URL(address).hostname)

/**
 * At the edge there is no inside that a request of ours could reach; elsewhere an address could name a service of the machine's own
 * network, so only hosts that the operator added are asked.
 */
export function isWebhookAddress(
  address: string,
  { listener, pushHosts }: Pick<Deployment, 'listener' | 'pushHosts'>,
): boolean {
  if (!isPlainHttps(address)) return false
  const { hostname } = new URL(address)
  return pushHosts.includes(hostname) || (listener === 'edge' && isPublicName(hostname))
}

/** A name with a dot that ends in letters: no address by number, no name of this machine or of a network without a registry. */
const isPublicName = (hostname: string): boolean =>
  /\.[a-z][a-z0-9-]*[a-z0-9]$/i.test(hostname) &&
  !/\.(local|localhost|internal|lan|home|corp|intranet|arpa)$/i.test(hostname)

function isPlainHttps(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, username, password } = new URL(address)
  return protocol === 'https:' && !username && !password
}
