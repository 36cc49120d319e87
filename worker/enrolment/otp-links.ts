/** The links that bring a seed into an authenticator app, in the order of privacyIDEA's parts. Told once. */
import { toBase32 } from '../../schema/base32.ts'
import type { Hashlib, OtpType } from '../factor/otp.ts'
import { type Label, quoted } from './label.ts'

/** Apps read no denser a picture: the label gives way. */
const longestQrText = 180

export type Shape = { type: OtpType; hashlib: Hashlib; timeStep: number; length: number }
export type OtpLinks = { app: string; oath: string; seed: string; base32: string }

export function otpLinks(
  { type, hashlib, timeStep, length }: Shape,
  { serial, seed }: { serial: string; seed: Uint8Array },
  { label, issuer, image }: Label,
): OtpLinks {
  const hex = [...seed].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const base32 = toBase32(seed)
  const query = [
    `secret=${base32}`,
    ...(hashlib === 'sha1' ? [] : [`algorithm=${hashlib.toUpperCase()}`]),
    type === 'totp' ? `period=${timeStep}` : 'counter=1',
    `digits=${length}`,
    'creator=privacyidea',
    `issuer=${quoted(issuer)}`,
    `serial=${serial}`,
    ...(image === null ? [] : [`image=${quoted(image)}`]),
  ]
  const room = longestQrText - `otpauth://${type}/?secret=${base32}&counter=1`.length
  const timed = type === 'totp' ? '&timeBased=true' : ''
  return {
    app: `otpauth://${type}/${quoted(label.slice(0, room))}?${query.join('&')}`,
    oath: `oathtoken:///addToken?name=${quoted(label)}&lockdown=true&key=${hex}${timed}`,
    seed: `seed://${hex}`,
    base32,
  }
}
