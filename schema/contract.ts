/**
 * Every route of the worker once: who may call it, what it takes, what it gives. /openapi.json and /docs are generated from it
 * (`npm run openapi`), and a test holds it against the router.
 */
import { applications } from './contract/applications.ts'
import { devices } from './contract/devices.ts'
import { gateways } from './contract/gateways.ts'
import { logins, sessions } from './contract/logins.ts'
import { migration } from './contract/migration.ts'
import { pages, policies, system, trail } from './contract/operation.ts'
import { openid } from './contract/openid.ts'
import { connectors, people, realms } from './contract/people.ts'
import { phones } from './contract/phones.ts'
import { self } from './contract/self.ts'
import { tokens } from './contract/tokens.ts'
import type { Route } from './contract/words.ts'

export type { Answer, Caller, Field, Fields, Route, Shape } from './contract/words.ts'
export { callers, surfaces } from './contract/words.ts'

export const contract: Route[] = [
  ...logins,
  ...sessions,
  ...openid,
  ...applications,
  ...tokens,
  ...self,
  ...migration,
  ...people,
  ...realms,
  ...connectors,
  ...policies,
  ...system,
  ...gateways,
  ...trail,
  ...devices,
  ...phones,
  ...pages,
]
