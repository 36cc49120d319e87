/** /ttype/push: what the privacyIDEA app calls. Its shapes are privacyIDEA's. */
import * as v from 'valibot'
import { type Fields, type Route, envelope, need, oneOf, string, text } from './words.ts'

const serial = need(text('The token.', 'PIPU0A1B2C3D'))
const at = text('ISO 8601; without a zone it is UTC.', '2026-11-22T08:14:07.001876+00:00')

/** Which of the three it is shows by the fields that are there. */
const says: Fields = {
  enrollment_credential: text('Enrolment: what the code holds.'),
  pubkey: text('Enrolment: the phone’s RSA key of 2048 to 8192 bits, SPKI, base64.'),
  fbtoken: text('Enrolment: where Firebase finds the app, or `no_firebase_token`.'),
  capabilities: text('Enrolment: what the app understands, as a JSON list of names.'),
  nonce: text('Answer: of which challenge. Old apps leave it out.'),
  decline: oneOf(['1'], 'Answer: the login is declined.'),
  decline_reason: oneOf(['unknown_trigger', 'cancelled'], 'Answer: why.'),
  presence_answer: text('Answer: what was pressed, where the challenge asks for it.'),
  new_fb_token: text('Update: Firebase’s new address of the app.'),
  timestamp: text('Update: when, ISO 8601, within five minutes.'),
  signature: text(
    'Answer: over `nonce|serial[|decline[|reason]][|presence_answer]`. Update: over `new_fb_token|serial|timestamp`.',
  ),
}

const challenge = v.looseObject({
  nonce: v.string(),
  question: v.string(),
  serial: v.string(),
  title: v.string(),
  sslverify: v.picklist(['0', '1']),
  url: v.string(),
  signature: string('Over `nonce|url|serial|question|title|sslverify[|require_presence]`.'),
  require_presence: v.optional(string('What may be pressed, separated by commas.')),
  version: v.optional(v.string()),
  capabilities: v.optional(v.string()),
  capabilities_signature: v.optional(v.string()),
})

const routes: Route[] = [
  {
    method: 'GET',
    path: '/ttype/push',
    surface: 'phones',
    who: 'phone',
    does: 'Lists what is open for a phone',
    takes: {
      serial,
      timestamp: need(at),
      signature: need(text('Over `serial|timestamp`: RSA with SHA-256, base32.', 'MZXW6YTB')),
    },
    gives: envelope(v.array(challenge)),
  },
  {
    method: 'POST',
    path: '/ttype/push',
    surface: 'phones',
    who: 'phone',
    does: 'Enrols a phone, takes its answer, or Firebase’s new address for it',
    more: 'Which of them it is shows by the fields: `pubkey` with `fbtoken` enrols, `new_fb_token` updates, `signature` alone answers.',
    takes: { serial, ...says },
    gives: envelope(
      v.boolean(),
      v.looseObject({
        serial: v.optional(v.string()),
        rollout_state: v.optional(v.string()),
        public_key: v.optional(string('Ours for this phone: PKCS #1, base64 in lines.')),
        display_code: v.optional(string('To be shown, and typed at the login.')),
        message: v.optional(v.string()),
      }),
    ),
    refuses: [404, 503],
  },
]

/** Of every customer but the first, the path says whose phone it is. */
const customer = need(text('The customer’s id.', 'default'))
export const phones: Route[] = [
  ...routes,
  ...routes.map(({ path, does, refuses = [], ...route }) => ({
    ...route,
    path: `${path}/:customer`,
    does: `${does}, of a customer`,
    parts: { customer },
    refuses: [...refuses, 401],
  })),
]
