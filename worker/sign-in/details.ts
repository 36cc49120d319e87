/** What a person is to approve beside the login (RFC 9396, CIBA's binding_message): as lines that every device shows and that are signed with the rest. */
import { oauthRefusal } from '../grant/refusal.ts'

export type Detail = { type: string } & Record<string, unknown>

/** A screen holds no more, and nobody reads more. */
const longestMessage = 200
const longestDetails = 1200
const mostLines = 24

/** Invisible and direction-changing characters could make a text read as another; {serial} is filled in by what makes the challenge. */
const unshowable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]|\{serial\}/u

/** @throws Refusal invalid_authorization_details */
export function detailsOf(text: string | undefined): Detail[] | null {
  if (text === undefined || text === '') return null
  const wrong = (why: string): never => oauthRefusal('invalid_authorization_details', why)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return wrong('authorization_details is not JSON')
  }
  const isDetail = (one: unknown): one is Detail =>
    typeof one === 'object' && one !== null && typeof (one as Detail).type === 'string'
  if (!Array.isArray(parsed) || parsed.length === 0 || !parsed.every(isDetail))
    return wrong('authorization_details must be a list of objects with a type')
  const lines = linesOf(parsed)
  if (lines.length > mostLines || lines.join('\n').length > longestDetails)
    wrong(`authorization_details is more than ${mostLines} lines or ${longestDetails} characters`)
  if (lines.some((line) => unshowable.test(line)))
    wrong('authorization_details has characters that cannot be shown')
  return parsed
}

/** Everything in it, nothing left out: what a person did not see they have not approved. */
const linesOf = (details: Detail[]): string[] =>
  details.flatMap(({ type, ...rest }) => [type, ...leaves(rest, '')])

function leaves(node: unknown, name: string): string[] {
  if (typeof node !== 'object' || node === null) return [`${name}: ${String(node)}`]
  return Object.entries(node).flatMap(([key, inside]) =>
    leaves(inside, Array.isArray(node) ? name : [name, key].filter(Boolean).join(' ')),
  )
}

/** @throws Refusal invalid_binding_message */
export function bindingMessageOf(text: string | undefined): string | null {
  if (text === undefined || text.trim() === '') return null
  if (text.length > longestMessage)
    oauthRefusal('invalid_binding_message', `is longer than ${longestMessage} characters`)
  if (unshowable.test(text))
    oauthRefusal('invalid_binding_message', 'has characters that cannot be shown')
  return text
}

/** @returns what the device shows, or undefined where there is nothing to say. */
export function messageOf(binding: string | null, details: Detail[] | null): string | undefined {
  const lines = [...(binding === null ? [] : [binding]), ...(details ? linesOf(details) : [])]
  return lines.length === 0 ? undefined : lines.join('\n')
}
