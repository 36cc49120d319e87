/** The values of worker/env.ts that are not storage: what the person set, the keys, and what follows from both. */
import type { Keys } from './keys.ts'
import { type Settings, isLoopback } from './settings.ts'

export type Bindings = Record<string, string>

/** How the worker calls its databases. */
export const bindingOf = (database: number): string => (database === 0 ? 'DB' : `DB_${database}`)

/** Reserved by RFC 2606: a push service that wants to complain about a machine at home reaches nobody. */
const nobody = 'mailto:countersign@example.org'

/** Only people at this machine come in: then, and only then, the Try-it application is there. */
export function isAtHome(host: string, publicUrl: string): boolean {
  return isLoopback(host) && isLoopback(new URL(publicUrl).hostname)
}

export function bindingsOf(
  settings: Pick<Settings, 'host' | 'trustedProxies' | 'pushHosts' | 'trailSeconds'>,
  publicUrl: string,
  keys: Keys,
): Bindings {
  return {
    PUBLIC_URL: publicUrl,
    LISTENER: isLoopback(settings.host) ? 'loopback' : 'network',
    TRUSTED_PROXIES: settings.trustedProxies,
    PUSH_HOSTS: settings.pushHosts,
    TRAIL_SECONDS: String(settings.trailSeconds),
    VAPID_SUBJECT: publicUrl.startsWith('https:') ? publicUrl : nobody,
    TRY_API_KEY: isAtHome(settings.host, publicUrl) ? keys.tryApiKey : '',
    ...keyVars(keys),
    ...keySecrets(keys),
  }
}

/** What anyone may know. */
export const keyVars = (keys: Keys): Bindings => ({
  VAPID_PUBLIC_KEY: keys.vapid.publicKey,
  KEY_CHAIN: JSON.stringify(keys.chain),
})

/** What only the worker may know. */
export const keySecrets = (keys: Keys): Bindings => ({
  MASTER_KEY: keys.masterKey,
  PEPPER: keys.pepper,
  VAPID_PRIVATE_KEY: keys.vapid.privateKey,
  SIGNING_KEY: JSON.stringify(keys.signingKey),
})
