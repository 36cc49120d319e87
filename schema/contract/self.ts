/** /me: what people see of themselves. */
import * as v from 'valibot'
import { requestOutcomes } from '../states.ts'
import { type Route, boolean, envelope, need, number, string, text, whole } from './words.ts'

const at = (meaning: string) => v.pipe(v.nullable(v.number()), v.description(meaning))
const device = v.looseObject({
  serial: v.string(),
  type: string('push, totp, hotp, recovery or passkey.'),
  name: v.string(),
  state: v.pipe(
    v.picklist(['ready', 'waiting', 'off']),
    v.description('waiting: its device has not finished. off: lost, disabled or over.'),
  ),
  added_at: number('Epoch seconds.'),
  used_at: at('When it was last good for a login.'),
  expires_at: at('Until when it is good.'),
  held_until: at('Another device let it in lately: until then it approves nothing.'),
  shows_codes: boolean('Whether it shows six-digit codes as well.'),
  push: v.optional(
    v.object({
      subscribed: v.boolean(),
      outcome: v.pipe(v.nullable(v.string()), v.description('How the last push to it went.')),
      at: at('When that was.'),
    }),
  ),
  left: v.optional(number('Recovery codes that are not spent.')),
})

const request = v.object({
  id: string('SHA-256 of the transaction id, base64url, as in a receipt. Opens nothing.'),
  asked_at: number('Epoch seconds.'),
  application: v.pipe(v.nullable(v.string()), v.description('null: the server itself asked.')),
  purpose: v.pipe(
    v.picklist(['login', 'self', 'move']),
    v.description('self: to sign in at /me. move: to let in another device.'),
  ),
  origin: v.pipe(
    v.object({
      how: v.picklist(['browser', 'claimed', 'server']),
      address: v.optional(v.string()),
      place: v.optional(v.string()),
      agent: v.optional(
        v.object({ browser: v.optional(v.string()), system: v.optional(v.string()) }),
      ),
    }),
    v.description('Where it came from, as it was shown and signed.'),
  ),
  new_device: v.optional(string('What the device calls itself that was to be let in.')),
  outcome: v.pipe(v.picklist(requestOutcomes), v.description('What became of it.')),
  device: v.pipe(
    v.nullable(v.object({ serial: v.string(), name: v.string() })),
    v.description('Which device answered.'),
  ),
  reported: boolean('Whether they said that it was not theirs.'),
})

export const self: Route[] = [
  {
    method: 'GET',
    path: '/me/devices',
    surface: 'self',
    who: 'person',
    does: 'Lists the devices and codes of whoever asks',
    gives: envelope(
      v.object({
        devices: v.array(device),
        approved: boolean('Whether this session was approved by a device or a code.'),
        changes_until: number(
          'Epoch seconds: until when it may add, remove and replace, where the policies ask for an approval.',
        ),
      }),
    ),
  },
  {
    method: 'GET',
    path: '/me/devices/:serial/ready',
    surface: 'self',
    who: 'person',
    does: 'Answers when a device that is being added has finished',
    more: 'The headers and white space come at once, the answer when there is one; false after ten minutes.',
    parts: { serial: need(text('The serial that POST /token/init gave.', 'PIPU0A1B2C3D')) },
    takes: { notifications: text('1: not before it has allowed notifications, too.', '1') },
    gives: envelope(boolean('Whether it is ready.')),
    refuses: [404],
  },
  {
    method: 'POST',
    path: '/me/devices/:serial/trial',
    surface: 'self',
    who: 'person',
    does: 'Sends a notification that is only a try',
    more: 'It asks nothing and cannot be answered. Once in ten seconds for a device, ten times an hour for a person.',
    parts: { serial: need(text('A device of theirs.', 'PIPU0A1B2C3D')) },
    gives: envelope(boolean('It is on its way.')),
    refuses: [404, 409, 429],
  },
  {
    method: 'GET',
    path: '/me/devices/:serial/trial',
    surface: 'self',
    who: 'person',
    does: 'Tells how the last try of a device went',
    parts: { serial: need(text('A device of theirs.', 'PIPU0A1B2C3D')) },
    takes: { wait: whole(0, 60, 'Seconds to wait for it to be over.') },
    gives: envelope(
      v.object({
        tried_at: number('Epoch seconds.'),
        outcome: v.pipe(
          v.nullable(v.string()),
          v.description('What the push service said; null: nothing yet.'),
        ),
        arrived_at: at('When the device said that it has shown it.'),
      }),
    ),
    refuses: [404],
  },
  {
    method: 'GET',
    path: '/me/requests',
    surface: 'self',
    who: 'person',
    does: 'Lists what was asked in the name of whoever asks',
    more: 'Of the last 30 days: the latest twenty that were approved and the latest twenty others, the newest first.',
    gives: envelope(v.object({ requests: v.array(request) })),
  },
  {
    method: 'POST',
    path: '/me/requests/:id/report',
    surface: 'self',
    who: 'person',
    does: 'Says that a request was not theirs',
    more: 'What is open or not used yet ends. Where it was approved, everything by which they are signed in anywhere ends: browsers, what applications were granted, and their own sessions but this one. Said again, it changes nothing.',
    parts: { id: need(text('The id that GET /me/requests gave.', 'A'.repeat(43))) },
    gives: envelope(
      v.object({
        stopped: boolean('It was open or not used yet, and is worth nothing now.'),
        told: boolean('The application is told by a webhook.'),
        ended: boolean('They are signed out everywhere but here.'),
        device_stopped: boolean(
          'It let in a device, not long ago, which can approve nothing any more.',
        ),
        token: v.optional(string('Their own session from here on.')),
      }),
    ),
    refuses: [404],
  },
]
