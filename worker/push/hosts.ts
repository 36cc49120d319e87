/**
 * Where we are willing to push. A device names its own endpoint, and a Worker cannot see what address a name resolves
 * to: without a list, an endpoint would be a way to make the server call anything.
 */
const known = [
  'fcm.googleapis.com',
  // Chromium as Debian builds it subscribes here.
  'jmt17.google.com',
  'updates.push.services.mozilla.com',
]
/** Any host directly or deeper below these. */
const knownBelow = ['.push.apple.com', '.notify.windows.com', '.push.services.mozilla.com']

/** @returns whether the endpoint is https at a known push service, or at a host that the operator added. */
export function isPushEndpoint(endpoint: string, extraHosts: string[]): boolean {
  if (!URL.canParse(endpoint)) return false
  const { protocol, hostname, username, password } = new URL(endpoint)
  if (protocol !== 'https:' || username || password) return false
  return (
    known.includes(hostname) ||
    extraHosts.includes(hostname) ||
    knownBelow.some((suffix) => hostname.endsWith(suffix))
  )
}
