/** What is told of a new token of one-time passwords: links for authenticator apps, each with its QR code. Told once. */
import { renderSVG } from 'uqr'
import { toBase32 } from '../../../schema/base32.ts'
import { type Label, quoted } from '../../enrolment/label.ts'
import type { OtpMade, OtpWish } from '../../enrolment/make-otp.ts'

export const qrCode = (text: string): string =>
  `data:image/svg+xml,${encodeURIComponent(renderSVG(text, { ecc: 'M', border: 4 }))}`

/** Apps read no denser a picture: the label gives way. */
const longestQrText = 180

export const link = (description: string, value: string) => ({
  description,
  img: qrCode(value),
  value,
})

export function otpEnrolment(
  { type, hashlib, timeStep }: OtpWish,
  { serial, seed, codes, length }: OtpMade,
  { label, issuer, image }: Label,
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
    `issuer=${quoted(issuer)}`,
    `serial=${serial}`,
    ...(image === null ? [] : [`image=${quoted(image)}`]),
  ]
  const name = quoted(
    label.slice(0, longestQrText - `otpauth://${type}/?secret=${base32}&counter=1`.length),
  )
  const timed = type === 'totp' ? '&timeBased=true' : ''
  return {
    ...detail,
    googleurl: link('URL for google Authenticator', `otpauth://${type}/${name}?${query.join('&')}`),
    oathurl: link(
      'URL for OATH token',
      `oathtoken:///addToken?name=${quoted(label)}&lockdown=true&key=${hex}${timed}`,
    ),
    otpkey: { ...link('OTP seed', `seed://${hex}`), value_b32: base32 },
  }
}
