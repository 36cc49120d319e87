/** What is told of a new token of one-time passwords: links for authenticator apps, each with its QR code. Told once. */
import { renderSVG } from 'uqr'
import { toBase32 } from '../../../schema/base32.ts'
import type { OtpMade, OtpWish } from '../../enrolment/make-otp.ts'

export const qrCode = (text: string): string =>
  `data:image/svg+xml,${encodeURIComponent(renderSVG(text, { ecc: 'M', border: 4 }))}`

const link = (description: string, value: string) => ({ description, img: qrCode(value), value })

export function otpEnrolment(
  { type, length, hashlib, timeStep }: OtpWish,
  { serial, seed, codes }: OtpMade,
  issuer: string,
): Record<string, unknown> {
  const detail = { rollout_state: '', serial }
  if (type === 'recovery') return { ...detail, otps: { ...codes } }
  const hex = [...seed].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const base32 = toBase32(seed)
  const query = [
    `secret=${base32}`,
    ...(hashlib === 'sha1' ? [] : [`algorithm=${hashlib.toUpperCase()}`]),
    type === 'totp' ? `period=${timeStep}` : 'counter=1',
    `digits=${length}`,
    'creator=privacyidea',
    `issuer=${encodeURIComponent(issuer)}`,
    `serial=${serial}`,
  ]
  const timed = type === 'totp' ? '&timeBased=true' : ''
  return {
    ...detail,
    googleurl: link(
      'URL for google Authenticator',
      `otpauth://${type}/${encodeURIComponent(serial)}?${query.join('&')}`,
    ),
    oathurl: link(
      'URL for OATH token',
      `oathtoken:///addToken?name=${serial}&lockdown=true&key=${hex}${timed}`,
    ),
    otpkey: { ...link('OTP seed', `seed://${hex}`), value_b32: base32 },
  }
}
