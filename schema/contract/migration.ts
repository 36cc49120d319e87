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
]
