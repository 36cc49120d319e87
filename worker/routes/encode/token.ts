/** A token as privacyIDEA's lists tell of it. Never its seed, its PIN or a key. */
import type { ListedToken } from '../../store/token-list.ts'
import { pemOf } from './phone.ts'

export type Counters = { failCount: number; counter: number; timeShift: number }

/** @param counters what the owner's object knows, where it was asked; D1 follows it. */
export function describedToken(
  listed: ListedToken,
  counters: Counters = listed.token,
): Record<string, unknown> {
  const { id, token, username, resolver } = listed
  const { failCount, counter, timeShift } = counters
  return {
    active: token.active,
    container_serial: '',
    count: counter,
    count_window: token.countWindow,
    description: token.description,
    failcount: failCount,
    id,
    info: {
      creation_date: date(token.createdAt),
      tokenkind: 'software',
      ...kindInfo(listed, timeShift),
      ...(token.validUntil !== null && { validity_period_end: date(token.validUntil) }),
      ...token.info,
    },
    locked: token.revoked || failCount >= token.maxFailCount,
    maxfail: token.maxFailCount,
    otplen: token.otpLength,
    realms: realmsOf(token),
    resolver: resolver ?? '',
    revoked: token.revoked,
    rollout_state: token.rolloutState,
    serial: token.serial,
    sync_window: token.syncWindow,
    tokengroup: [],
    tokentype: token.type,
    user_editable: false,
    user_id: token.person ?? '',
    user_realm: token.realm ?? '',
    username: username ?? '',
  }
}

type Token = ListedToken['token']

function kindInfo(listed: ListedToken, timeShift: number): Record<string, string> {
  const { token } = listed
  if (token.type === 'push') return pushInfo(listed)
  if (token.type !== 'totp') return { hashlib: token.hashlib }
  return {
    hashlib: token.hashlib,
    timeShift: timeShift.toFixed(1),
    timeStep: String(token.timeStep),
    timeWindow: String(token.timeWindow),
  }
}

/** Public halves only. */
const pushInfo = ({
  token,
  phoneKey,
  fbtoken,
  serverKey,
}: ListedToken): Record<string, string> => ({
  device_name: token.deviceName,
  ...(token.pushConfiguration !== null && {
    push_firebase_configuration: token.pushConfiguration,
  }),
  ...(phoneKey !== null && {
    firebase_token: fbtoken || noFirebase,
    public_key_smartphone: phoneKey,
  }),
  ...(serverKey !== null && { public_key_server: pemOf(serverKey) }),
})

/** What apps that only poll say in its place. */
const noFirebase = 'no_firebase_token'

export const realmsOf = ({ realm, realms }: Token): string[] => [
  ...new Set([...(realm === null ? [] : [realm]), ...realms]),
]

const date = (atSeconds: number): string =>
  new Date(atSeconds * 1000).toISOString().replace('.000Z', '+00:00')
