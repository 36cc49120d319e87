/** The two cookies of a browser that signs in. With TLS their names keep every other host and path from setting them. */
import { toBase64url } from '../../../schema/encoding.ts'
import type { Call } from '../surface.ts'

type Name = 'sign-in' | 'session'

const isSecure = (call: Call): boolean => call.get('context').deployment.origin.startsWith('https:')

const nameOn = (call: Call, name: Name): string =>
  `${isSecure(call) ? '__Host-' : ''}countersign-${name}`

export function cookieOf(call: Call, name: Name): string | null {
  const full = `${nameOn(call, name)}=`
  const found = (call.req.header('Cookie') ?? '').split(/;\s*/).find((one) => one.startsWith(full))
  const value = found?.slice(full.length) ?? ''
  return /^[\w.-]{20,100}$/.test(value) ? value : null
}

/** Lax: a browser brings it when an application sends it here, and not when another page posts. @param seconds null: until it is closed. */
export const setCookie = (
  call: Call,
  name: Name,
  value: string,
  seconds: number | null = null,
): void =>
  call.header(
    'Set-Cookie',
    `${nameOn(call, name)}=${value}; Path=/; HttpOnly; SameSite=Lax${isSecure(call) ? '; Secure' : ''}${seconds === null ? '' : `; Max-Age=${seconds}`}`,
    { append: true },
  )

/** @returns what this browser shows with all that it does here; made where it has none. */
export function browserOf(call: Call): string {
  const known = cookieOf(call, 'sign-in')
  if (known !== null) return known
  const made = toBase64url(call.get('context').random(24))
  setCookie(call, 'sign-in', made)
  return made
}
