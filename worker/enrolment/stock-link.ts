/** The enrolment code as the privacyIDEA app reads it. Its secret is the same as in our own link: whoever finishes first has it. */
import { type Label, quoted } from './label.ts'
import { pollOnly } from '../policy/push-ways.ts'
import type { PushTerms } from './push-terms.ts'

/** The version of this form; the app refuses any other. */
const version = 1

export function stockLink(
  terms: PushTerms,
  { label, issuer, image }: Label,
  { serial, secret }: { serial: string; secret: string },
): string {
  const query = [
    ['url', terms.url],
    ['ttl', String(Math.ceil(terms.seconds / 60))],
    ['issuer', issuer],
    ['enrollment_credential', secret],
    ['v', String(version)],
    ['serial', serial],
    ['sslverify', terms.sslVerify],
    ['poll_only', terms.configuration === pollOnly ? 'True' : 'False'],
    ...(terms.appPin ? [['pin', 'True']] : []),
    ...(terms.forceUnlock === null ? [] : [['app_force_unlock', terms.forceUnlock]]),
    ...(image === null ? [] : [['image', image]]),
  ] as [string, string][]
  const fields = query.map(([name, value]) => `${name}=${quoted(value)}`).join('&')
  return `${terms.scheme}://pipush/${quoted(label)}?${fields}`
}
