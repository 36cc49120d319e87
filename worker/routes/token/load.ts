/** POST /token/load: tokens from a file, as their makers and other systems write it. */
import { loadTokens } from '../../migration/load-tokens.ts'
import { readAladdin } from '../../migration/aladdin.ts'
import { readOathCsv } from '../../migration/oath-csv.ts'
import { readPskc } from '../../migration/pskc.ts'
import { macChecks, openPskc } from '../../migration/pskc-open.ts'
import type { Found, TokenFound } from '../../migration/rows.ts'
import { refuse } from '../../problem.ts'
import { callerWith } from '../decode/caller.ts'
import { fileOf } from '../decode/file.ts'
import { type Parameters, isTrue, parametersOf } from '../decode/parameters.ts'
import { realmsAsked } from '../decode/place.ts'
import { answer } from '../encode/envelope.ts'
import { recordedLoad } from '../recorded-load.ts'
import { type Call, surface } from '../surface.ts'

export const load = surface()

type Read = Found<TokenFound>

const readers: Record<string, (text: string, parameters: Parameters) => Read | Promise<Read>> = {
  'aladdin-xml': readAladdin,
  oathcsv: readOathCsv,
  'oath csv': readOathCsv,
  pskc: (text, parameters) => openPskc(readPskc(text), keysOf(parameters)),
}
/** As a refusal names them. */
const known = ['aladdin-xml', 'oathcsv', 'OATH CSV', 'pskc']

function keysOf(parameters: Parameters) {
  const asked = parameters.get('pskcValidateMAC') || 'check_fail_hard'
  const check = macChecks.find((one) => one === asked)
  if (!check)
    refuse({
      reason: 'bad_parameter',
      field: 'pskcValidateMAC',
      mend: `must be one of ${macChecks.join(', ')}`,
    })
  const psk = parameters.get('psk').trim()
  // privacyIDEA knows 128 bits only; longer keys are ours.
  if (psk !== '' && !/^([0-9a-f]{32}|[0-9a-f]{48}|[0-9a-f]{64})$/i.test(psk))
    refuse({ reason: 'key_length' })
  return { psk, password: parameters.get('password'), check }
}

for (const path of ['/load', '/load/:filename'])
  load.post(path, async (call) => {
    const caller = await callerWith(call, 'enrol')
    if (!caller.rights.has('tokens')) refuse({ reason: 'right_missing', right: 'tokens' })
    const parameters = await parametersOf(call)
    const type = parameters.need('type')
    const reader = readers[type.toLowerCase()]
    const text = await fileOf(call, parameters)
    if (!reader) refuse({ reason: 'file_type_unknown', type: type.slice(0, 40), known })
    const realms = await realmsNamed(call, caller.customer, parameters)
    const dryRun = isTrue(parameters, 'dry_run')
    const outcomes = await recordedLoad(call, caller, { type, dryRun }, async () => {
      const { rows, left } = await reader(text, parameters)
      const placed = rows.map((row) => ({ ...row, realms }))
      return loadTokens(
        call.get('context'),
        { customer: caller.customer, dryRun },
        { rows: placed, left },
      )
    })
    const taken = outcomes.filter(({ outcome }) => outcome === 'taken').length
    return answer(call, {
      value: { n_imported: taken, n_not_imported: outcomes.length - taken },
      detail: { dry_run: dryRun, rows: outcomes },
    })
  })

/** @throws Refusal realm_not_found */
const realmsNamed = (call: Call, customer: string, parameters: Parameters): Promise<string[]> =>
  parameters.get('tokenrealms') === ''
    ? Promise.resolve([])
    : realmsAsked(call.get('context'), customer, parameters.get('tokenrealms'))
