/**
 * The enrolment link: `<origin>/enrol#v=1&s=<secret>&k=<root thumbprint>`. The secret stays in the fragment, which no
 * server, proxy or log sees. The same secret may come in a privacyIDEA code (`otpauth://pipush/…` or `pia://pipush/…`) of the same origin,
 * or as twelve typed characters.
 */
import { enrolmentCodeLength } from './limits.ts'
import { isCrockford, normaliseCrockford } from './crockford.ts'

export type EnrolmentInvitation = { secret: string; rootThumbprint?: string } | { code: string }
export type UnreadableInvitation = { problem: 'other_server' | 'not_an_invitation' }

export function enrolmentLink(origin: string, secret: string, rootThumbprint: string): string {
  return `${origin}/enrol#${new URLSearchParams({ v: '1', s: secret, k: rootThumbprint })}`
}

/** Reads what was opened, scanned or pasted. Codes of another server are named as such and never used. */
export function readInvitation(
  text: string,
  ownOrigin: string,
): EnrolmentInvitation | UnreadableInvitation {
  const trimmed = text.trim()
  const code = normaliseCrockford(trimmed)
  if (isCrockford(code, enrolmentCodeLength)) return { code }
  if (!URL.canParse(trimmed)) return { problem: 'not_an_invitation' }
  const url = new URL(trimmed)
  if (['otpauth:', 'pia:'].includes(url.protocol)) return readPipush(trimmed, ownOrigin)
  if (url.origin !== ownOrigin) return { problem: 'other_server' }
  const fragment = new URLSearchParams(url.hash.slice(1))
  const secret = fragment.get('s')
  const rootThumbprint = fragment.get('k')
  if (url.pathname !== '/enrol' || fragment.get('v') !== '1' || !secret || !rootThumbprint)
    return { problem: 'not_an_invitation' }
  return { secret, rootThumbprint }
}

function readPipush(text: string, ownOrigin: string): EnrolmentInvitation | UnreadableInvitation {
  if (!/^(otpauth|pia):\/\/pipush\//.test(text)) return { problem: 'not_an_invitation' }
  const query = new URLSearchParams(text.slice(text.indexOf('?') + 1))
  const url = query.get('url')
  const secret = query.get('enrollment_credential')
  if (!url || !URL.canParse(url) || !secret) return { problem: 'not_an_invitation' }
  return new URL(url).origin === ownOrigin ? { secret } : { problem: 'other_server' }
}
