/** /smsgateway: how apps of other makers are pushed to. */
import * as v from 'valibot'
import { type Fields, type Route, envelope, need, number, text } from './words.ts'

const firebase = 'privacyidea.lib.smsprovider.FirebaseProvider.FirebaseProvider'
const name = need(text('What `push_firebase_configuration` of a policy calls it.', 'firebase'))
const id = need(text('Its number.', '1'))
const options: Fields = {
  'option.JSON config file': text(
    'The text of the key file of a service account, not its path. Needed the first time; left out, it stays as it is.',
  ),
  'option.projectid': text('The Firebase project; it is checked against the key file.'),
  'option.address': text(
    'Where the API is found, for an FCM behind a proxy: a host of PUSH_HOSTS.',
  ),
}
const route = { surface: 'gateways', who: 'settings' } as const
const gateway = v.object({
  id: v.number(),
  name: v.string(),
  providermodule: v.literal(firebase),
  description: v.string(),
  headers: v.strictObject({}),
  options: v.pipe(
    v.record(v.string(), v.string()),
    v.description('The service account stands here as `__CENSORED__`.'),
  ),
})

export const gateways: Route[] = [
  {
    ...route,
    method: 'GET',
    path: '/smsgateway',
    does: 'Lists the gateways, without their service accounts',
    gives: envelope(v.array(gateway)),
  },
  {
    ...route,
    method: 'GET',
    path: '/smsgateway/:id',
    does: 'Tells of one gateway; of none where there is none',
    parts: { id },
    gives: envelope(v.array(gateway)),
  },
  {
    ...route,
    method: 'GET',
    path: '/smsgateway/providers',
    does: 'Tells which modules there are, and their options',
    gives: envelope(
      v.record(
        v.string(),
        v.object({
          options_allowed: v.boolean(),
          headers_allowed: v.boolean(),
          parameters: v.record(
            v.string(),
            v.object({ required: v.boolean(), description: v.string() }),
          ),
        }),
      ),
    ),
  },
  {
    ...route,
    method: 'POST',
    path: '/smsgateway',
    does: 'Makes a gateway, or configures it anew',
    takes: {
      name,
      module: need(text('The only one there is.', firebase)),
      description: text('A note.'),
      ...options,
    },
    gives: envelope(
      number('Its number.'),
      v.object({
        not_in_force: v.pipe(
          v.array(v.string()),
          v.description('Options of older versions: kept, and nothing obeys them.'),
        ),
      }),
    ),
  },
  {
    ...route,
    method: 'DELETE',
    path: '/smsgateway/option/:id/:option',
    does: 'Takes an option of a gateway away',
    parts: { id, option: need(text('Its name.', 'projectid')) },
    gives: envelope(number('The number of the gateway.')),
    refuses: [404],
  },
  {
    ...route,
    method: 'DELETE',
    path: '/smsgateway/:name',
    does: 'Deletes a gateway',
    parts: { name },
    gives: envelope(number('Its number.')),
    refuses: [404],
  },
]
