/** Every surface, by the first part of its path. Each is read when it is first asked for. */
import type { Hono } from 'hono'
import type { Surface } from './surface.ts'

type Routes = Hono<Surface>

export const surfaces: ReadonlyMap<string, () => Promise<Routes[]>> = new Map(
  Object.entries({
    validate: async () => [(await import('./validate.ts')).validate],
    device: async () => [(await import('./device.ts')).device],
    auth: async () => [(await import('./auth.ts')).auth],
    token: async () => [(await import('./token.ts')).token],
    user: async () => [(await import('./user.ts')).user],
    realm: async () => [(await import('./realm.ts')).realm],
    defaultrealm: async () => [(await import('./realm.ts')).defaultRealm],
    resolver: async () => [(await import('./resolver.ts')).resolver],
    connector: async () => [(await import('./connector.ts')).connector],
    me: async () => [(await import('./me.ts')).me],
    audit: async () => [(await import('./audit.ts')).audit],
    delivery: async () => [(await import('./delivery.ts')).delivery],
    system: async () => [(await import('./system.ts')).system],
    smsgateway: async () => [(await import('./smsgateway.ts')).smsGateway],
    policy: async () => [(await import('./policy.ts')).policy],
    migration: async () => [(await import('./migration.ts')).migration],
    application: async () => [
      (await import('./application.ts')).application,
      (await import('./registration.ts')).registration,
      (await import('./webhook.ts')).webhook,
    ],
    oauth: async () => [(await import('./oauth.ts')).oauth],
    '.well-known': async () => [(await import('./oauth.ts')).wellKnown],
    'sign-in': async () => [(await import('./sign-in.ts')).signIn],
    healthz: async () => [(await import('./health.ts')).health],
    info: async () => [(await import('./health.ts')).info],
    ttype: async () => [(await import('./ttype.ts')).ttype],
  }),
)
