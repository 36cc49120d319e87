/** What comes from other systems: files of tokens, and all that privacyIDEA and NetScaler keep. */
import * as v from 'valibot'
import {
  type Fields,
  type Route,
  envelope,
  flag,
  need,
  number,
  oneOf,
  string,
  text,
} from './words.ts'

const outcome = v.strictObject({
  row: number('The row or the entry of the file, from 1.'),
  serial: v.optional(v.string()),
  user: v.optional(v.string()),
  policy: v.optional(v.string()),
  outcome: v.picklist(['taken', 'already there', 'left']),
  why: v.optional(string('Why it was left, or what is to know of it.')),
})
const report = v.object({
  dry_run: v.boolean(),
  rows: v.pipe(v.array(outcome), v.description('What became of each row. Never a key.')),
})
const counted = v.object({
  n_imported: number('How many rows were taken.'),
  n_not_imported: number('How many were left, or there already.'),
})

const dryRun: Fields = { dry_run: flag('Say what would become of each row, and change nothing.') }

const load: Route = {
  method: 'POST',
  path: '/token/load',
  surface: 'tokens',
  who: 'enrol',
  does: 'Loads tokens from a file of their maker or of another system',
  more: 'Asks for the right `tokens` too. At most 4 MiB and 5,000 rows. The same file may come twice: what is there stays as it is.',
  takes: {
    file: need(
      text(
        'The file, as a part of a form; in JSON, its text.',
        'HARD0001, 3132333435363738393031323334353637383930, totp, 6, 30',
      ),
    ),
    type: need({
      ...oneOf(['OATH CSV', 'oathcsv', 'pskc', 'aladdin-xml'], 'What the file is.'),
      example: 'OATH CSV',
    }),
    psk: text('The pre-shared key of a PSKC file, in hexadecimal.'),
    password: text('The password of a PSKC file.'),
    pskcValidateMAC: oneOf(
      ['check_fail_hard', 'check_fail_soft', 'no_check'],
      'What a wrong MAC in a PSKC file leaves: all keys, its own, or none.',
    ),
    tokenrealms: text('Realms that the tokens are seen in, with commas between.'),
    ...dryRun,
  },
  gives: envelope(counted, report),
  refuses: [413],
}

export const migration: Route[] = [
  load,
  {
    ...load,
    path: '/token/load/:filename',
    parts: { filename: need(text('Any name: it changes nothing.', 'tokens.csv')) },
  },
  {
    method: 'POST',
    path: '/migration/privacyidea',
    surface: 'migration',
    who: 'enrol',
    does: 'Takes over people, tokens, PINs and policies of privacyIDEA',
    more: 'Asks for the rights `tokens`, `people` and `settings` too, as far as the file has such entries. The README says how to make the file. It may come twice: what is there stays as it is.',
    takes: {
      file: need(
        text(
          'JSON with tokens, pins, users and policy, or what the token janitor exports.',
          JSON.stringify({
            users: [{ username: 'clara', email: 'clara@example.org' }],
            tokens: [
              {
                serial: 'OATH0A1B2C3D',
                type: 'hotp',
                otpkey: '3132333435363738393031323334353637383930',
                otplen: 6,
                count: 7,
                user: { login: 'clara' },
              },
            ],
            pins: [{ serial: 'OATH0A1B2C3D', pin_hash: '' }],
          }),
        ),
      ),
      key: text('What the token janitor printed when it encrypted the file.'),
      pins: text('A list of PIN hashes beside the file, or `none`: these tokens have no PINs.'),
      skip_invalid: flag('Take policies without the actions that are not known here.'),
      ...dryRun,
    },
    gives: envelope(counted, report),
    refuses: [413],
  },
  {
    method: 'POST',
    path: '/migration/netscaler',
    surface: 'migration',
    who: 'enrol',
    does: 'Takes over the devices of NetScaler’s native OTP from Active Directory',
    more: 'Asks for the right `tokens` too. What NetScaler encrypted is left, and said so.',
    takes: {
      file: need(
        text(
          'CSV with names of columns, or LDIF.',
          'sAMAccountName,userParameters\nclara,#@Phone=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&,',
        ),
      ),
      attribute: text('Where NetScaler keeps it; userParameters where nothing is said.'),
      realm: text('The realm of these users; the default realm where it is left out.'),
      ...dryRun,
    },
    gives: envelope(counted, report),
    refuses: [413],
  },
]
