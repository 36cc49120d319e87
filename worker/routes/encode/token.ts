/** A token as privacyIDEA's lists tell of it. Never its seed, its PIN or a key. */
import type { ListedToken } from '../../store/tokens/list.ts'
import { pemOf } from './phone.ts'

export type Counters = { failCount: number; counter: number; timeShift: number } & Pick<
  ListedToken['token'],
  'countAuth' | 'countAuthSuccess' | 'lastAuthAt'
>

/** @param counters what the owner's object knows, where it was asked; D1 follows it. */
export function describedToken(
  listed: ListedToken,
  counters: Counters = listed.token,
): Record<string, unknown> {
  const { id, token, username, resolver } = listed
  const { failCount, counter, timeShift } = counters
  return {
    active: token.active && (token.device === null || listed.deviceStands === true),
    container_serial: '',
    count: counter,
    count_window: token.countWindow,
    description: token.description,
    failcount: failCount,
    id,
    info: {
      ...(token.person !== null && { assignment_date: date(token.assignedAt ?? token.createdAt) }),
      ...usesInfo(token, counters),
      creation_date: date(token.createdAt),
      tokenkind: 'software',
      ...kindInfo(listed, timeShift),
      ...(token.validFrom !== null && { validity_period_start: date(token.validFrom) }),
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

/** Told from the first use on, as privacyIDEA has it. */
function usesInfo(token: Token, uses: Counters): Record<string, string> {
  const { countAuth, countAuthSuccess, lastAuthAt } = uses
  const { countAuthMax, countAuthSuccessMax } = token
  return {
    ...(countAuth > 0 && { count_auth: String(countAuth) }),
    ...(countAuthMax !== null && { count_auth_max: String(countAuthMax) }),
    ...(countAuthSuccess > 0 && { count_auth_success: String(countAuthSuccess) }),
    ...(countAuthSuccessMax !== null && { count_auth_success_max: String(countAuthSuccessMax) }),
    ...(lastAuthAt !== null && { last_auth: moment(lastAuthAt) }),
  }
}

/** As its Python writes it, to the microsecond; ours knows the second. */
const moment = (atSeconds: number): string =>
  new Date(atSeconds * 1000).toISOString().replace('T', ' ').replace('.000Z', '.000000+0000')

function kindInfo(listed: ListedToken, timeShift: number): Record<string, string> {
  const { token } = listed
  if (token.type === 'push') return pushInfo(listed)
  if (token.type === 'passkey') return {}
  if (token.type !== 'totp') return { hashlib: token.hashlib }
  return {
    ...(token.device !== null && { device_serial: token.device }),
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
