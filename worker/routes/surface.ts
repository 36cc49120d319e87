/** What every route has at hand: the context of this request, and the settings of a Hono app of ours. */
import { Hono } from 'hono'
import type { Context as Handler } from 'hono'
import type { Context, Env } from '../env.ts'

/** A person who is signed in for themselves: whatever a request names, they are meant. */
export type Bound = { username: string; realm: string; resolver: string }

export type Surface = { Bindings: Env; Variables: { context: Context; self?: Bound } }
export type Call = Handler<Surface>

/** Clients write paths with and without a slash at the end. */
export const surface = () => new Hono<Surface>({ strict: false })
