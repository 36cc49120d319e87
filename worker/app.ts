/** All surfaces behind one door: finds the one that a request is for, and builds its app when it is first asked. */
import type { Hono } from 'hono'
import { getPath } from 'hono/utils/url'
import type { Env } from './env.ts'
import type { Given } from './routes/roof.ts'
import { surfaces } from './routes/surfaces.ts'
import type { Surface } from './routes/surface.ts'

type App = Hono<Surface>

/** The rest of the address, where no surface has that name. */
const pages = ''

/**
 * An app for each surface. An isolate that sees logins alone never runs the others, and Hono finds a login's routes by one regular
 * expression, which it can only where no name stands beside a parameter (`/token/init`, `/token/:serial`).
 * @param given the clock and randomness; in tests of what costs nothing, a cheap hash.
 */
export function createApp(given: Given) {
  const apps = new Map<string, App>()

  /** Two requests that come first together build it twice: a promise of one request is not to be awaited in another. */
  async function appOf(name: string): Promise<App> {
    const app = apps.get(name) ?? (await appUnder(given, name))
    apps.set(name, app)
    return app
  }

  return {
    async fetch(request: Request, env: Env, context?: ExecutionContext): Promise<Response> {
      const name = getPath(request).split('/', 2)[1] ?? pages
      const app = await appOf(surfaces.has(name) ? name : pages)
      return app.fetch(request, env, context)
    },
    /** Of all surfaces, and what goes before each. */
    async routes() {
      const all = await Promise.all([...surfaces.keys(), pages].map(appOf))
      return all.flatMap((app) => app.routes)
    },
  }
}

async function appUnder(given: Given, name: string): Promise<App> {
  const [{ roof }, routes] = await Promise.all([
    import('./routes/roof.ts'),
    surfaces.get(name)?.() ?? [],
  ])
  const app = roof(given)
  for (const part of routes) app.route(`/${name}`, part)
  // A page may stand at a surface's own address (`/me`); under a login's there is none.
  if (name !== 'validate' && name !== 'device')
    app.route('/', (await import('./routes/pages.ts')).pages)
  return app
}
