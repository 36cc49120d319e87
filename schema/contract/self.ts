/** /me: what people see of themselves. */
import * as v from 'valibot'
import { type Route, boolean, envelope, need, number, string, text } from './words.ts'

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
    gives: envelope(boolean('Whether it is ready.')),
    refuses: [404],
  },
]
