/**
 * The pages, and the headers they go out with. Known paths and built files only: there is no fallback that answers 200 for a
 * mistake. `/` is the Try-it page on a loopback deployment, and a welcome elsewhere.
 */
import { refuse } from '../problem.ts'
import { type Call, surface } from './surface.ts'

export const pages = surface()

const app = 'app.html'

pages.get('/', (call) =>
  page(call, call.get('context').deployment.tryApiKey === '' ? 'welcome.html' : 'try.html'),
)
pages.get('/app', (call) => page(call, app))
pages.get('/enrol', (call) => page(call, app))
pages.get('/me', (call) => page(call, 'me.html'))
pages.get('/docs', (call) => page(call, 'docs.html'))

/** Other origins' tools may read it: it says nothing of anyone. */
pages.get('/openapi.json', async (call) => {
  const response = await asset(call, '/openapi.json')
  response.headers.set('Access-Control-Allow-Origin', '*')
  return response
})

/** The Try-it page's own credential: on this machine only, and never to a page that came by another name. */
pages.get('/try/application.json', (call) => {
  const { tryApiKey, origin } = call.get('context').deployment
  if (tryApiKey === '' || new URL(call.req.url).host !== new URL(origin).host)
    refuse({ reason: 'not_found' })
  if (![undefined, 'same-origin'].includes(call.req.header('Sec-Fetch-Site')))
    refuse({ reason: 'not_found' })
  return call.json({ apiKey: tryApiKey, realm: '' }, 200, { 'Cache-Control': 'no-store' })
})

/** Vite names what it builds after its content; everything else may change under its name. */
const immutable = /^\/assets\//

pages.get('*', async (call) => {
  const { pathname } = new URL(call.req.url)
  if (pathname.endsWith('.html')) refuse({ reason: 'not_found' })
  return asset(call, pathname)
})

const page = (call: Call, file: string): Promise<Response> => asset(call, `/${file}`)

async function asset(call: Call, pathname: string): Promise<Response> {
  // Set, not resolved: `//elsewhere/x` would be resolved to another host, and `//` to none.
  const address = new URL(call.req.url)
  address.pathname = pathname
  const found = await call.env.ASSETS.fetch(address, {
    headers: pick(call, ['If-None-Match', 'Accept-Encoding']),
  })
  if (found.status === 404) refuse({ reason: 'not_found' })
  const response = new Response(found.body, found)
  const { headers } = response
  headers.set(
    'Cache-Control',
    immutable.test(pathname) ? 'public, max-age=31536000, immutable' : 'no-cache',
  )
  const scans = pathname === `/${app}`
  headers.set(
    'Content-Security-Policy',
    contentSecurityPolicy(call.get('context').deployment.origin, scans),
  )
  headers.set('Cross-Origin-Opener-Policy', 'same-origin')
  headers.set('Permissions-Policy', 'camera=(self), microphone=(), geolocation=()')
  headers.set('Referrer-Policy', 'no-referrer')
  headers.set('X-Content-Type-Options', 'nosniff')
  headers.set('X-Frame-Options', 'DENY')
  return response
}

const pick = (call: Call, names: string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = call.req.header(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )

/** No inline script or style, no other origin, no frame; WebAssembly only on the page that has the scanner. */
function contentSecurityPolicy(origin: string, scans: boolean): string {
  return [
    "default-src 'none'",
    `script-src 'self'${scans ? " 'wasm-unsafe-eval'" : ''}`,
    "style-src 'self'",
    "img-src 'self' data:",
    // Not every engine counts a socket to the same host as 'self'.
    `connect-src 'self' ${origin.replace(/^http/, 'ws')}`,
    "manifest-src 'self'",
    "worker-src 'self'",
    "media-src 'self' blob:",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types countersign',
  ].join('; ')
}
