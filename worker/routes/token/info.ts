/** /token/info: what an administrator notes about a token, a key at a time. */
import { changeAll } from '../../enrolment/manage.ts'
import { refuse } from '../../problem.ts'
import { callerWith } from '../decode/caller.ts'
import { parametersOf } from '../decode/parameters.ts'
import { tokenNamed } from '../decode/token-asked.ts'
import { answer } from '../encode/envelope.ts'
import { recorded } from '../recorded.ts'
import { type Call, surface } from '../surface.ts'

export const info = surface()

const longestKey = 100
const longestValue = 2000
const mostKeys = 50
/** Ours: what is told of a token itself is not a note. */
const reserved = new Set([
  'assignment_date',
  'count_auth',
  'count_auth_max',
  'count_auth_success',
  'count_auth_success_max',
  'creation_date',
  'device_name',
  'device_serial',
  'firebase_token',
  'hashlib',
  'last_auth',
  'public_key_server',
  'public_key_smartphone',
  'push_firebase_configuration',
  'timeShift',
  'timeStep',
  'timeWindow',
  'tokenkind',
  'validity_period_end',
  'validity_period_start',
])

info.post('/info/:serial/:key', (call) =>
  note(call, async () => {
    const value = (await parametersOf(call)).need('value')
    if (value.length > longestValue)
      refuse({
        reason: 'bad_parameter',
        field: 'value',
        mend: `must be at most ${longestValue} characters`,
      })
    return value
  }),
)

info.delete('/info/:serial/:key', (call) => note(call, () => Promise.resolve(null)))

/** @param valueOf null takes the note away. */
async function note(call: Call, valueOf: () => Promise<string | null>): Promise<Response> {
  const caller = await callerWith(call, 'tokens')
  const context = call.get('context')
  const { serial = '', key = '' } = call.req.param()
  const entry = {
    action: 'token_info',
    serial: serial.slice(0, 40),
    detail: { key: key.slice(0, longestKey) },
  }
  const value = await recorded(call, caller, entry, async () => {
    const written = await valueOf()
    if (!/^[\w .-]+$/.test(key) || key.length > longestKey || reserved.has(key))
      refuse({
        reason: 'bad_parameter',
        field: 'key',
        mend: `must be 1 to ${longestKey} letters, digits, blanks, dots, - and _, and none of ours`,
      })
    const token = await tokenNamed(context, caller.customer, serial)
    const entries = Object.entries(token.info).filter(([name]) => name !== key)
    if (written === null && entries.length === Object.keys(token.info).length) return false
    if (written !== null) entries.push([key, written])
    if (entries.length > mostKeys)
      refuse({
        reason: 'bad_parameter',
        field: 'key',
        mend: `is one too many; ${mostKeys} are kept`,
      })
    await changeAll(context, [token], () => ({ info: Object.fromEntries(entries) }))
    return true
  })
  return answer(call, { value })
}
