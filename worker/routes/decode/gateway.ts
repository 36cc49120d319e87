/**
 * A gateway as privacyIDEA's clients write it: a name, a module, options by `option.<name>`. The service account is pasted as the text
 * of its key file; where that file names an address that this server would not call, it is refused here and not at the first push.
 */
import { importPKCS8 } from 'jose'
import * as v from 'valibot'
import type { ServiceAccount } from '../../push/fcm.ts'
import { ownApp, pollOnly } from '../../policy/push-ways.ts'
import { isFcmAddress, isTokenEndpoint } from '../../push/hosts.ts'
import { refuse } from '../../problem.ts'
import type { Parameters } from './parameters.ts'

export const firebaseModule = 'privacyidea.lib.smsprovider.FirebaseProvider.FirebaseProvider'
/** privacyIDEA has a path of a file in it. */
export const accountOption = 'JSON config file'
/** Stands for what is not told. Whoever sends it back leaves it as it is. */
export const censored = '__CENSORED__'
/** What a policy says instead of a gateway's name. */
const otherWays = [ownApp, pollOnly]

/** What a gateway may say of itself, and whether it must. */
export const gatewayOptions: Record<string, { required: boolean; description: string }> = {
  [accountOption]: {
    required: true,
    description:
      'The text of the key file of a service account of the Firebase project, not its path. It is never told again.',
  },
  projectid: {
    required: false,
    description: 'The Firebase project, where it shall be checked against the key file.',
  },
  address: {
    required: false,
    description:
      'Where the API of FCM is found, for an FCM behind a proxy: https and a host of PUSH_HOSTS.',
  },
}
/** Of older versions: kept, and nothing comes of them. */
export const idleOptions = [
  'registration URL',
  'time to live',
  'projectnumber',
  'appid',
  'apikey',
  'appidios',
  'apikeyios',
]

const KeyFile = v.object({
  type: v.literal('service_account'),
  project_id: v.pipe(v.string(), v.regex(/^[a-z0-9:.-]{1,128}$/)),
  client_email: v.pipe(v.string(), v.email()),
  private_key: v.string(),
  private_key_id: v.optional(v.string(), ''),
  token_uri: v.optional(v.string(), 'https://oauth2.googleapis.com/token'),
})

const bad = (field: string, mend: string): never => refuse({ reason: 'bad_parameter', field, mend })

/** @throws Refusal missing_parameter · bad_parameter, naming the option. */
export async function gatewayOf(parameters: Parameters, pushHosts: string[]) {
  const name = parameters.need('name').trim()
  if (!/^[\w .-]{1,128}$/.test(name)) bad('name', 'must be letters, digits, blanks, dots, - and _')
  if (otherWays.includes(name)) bad('name', 'is what policies call another way of reaching phones')
  if (parameters.need('module') !== firebaseModule)
    bad('module', `must be ${firebaseModule}: this server sends no text messages`)
  const named = (prefix: string) =>
    parameters.names().filter((one) => one.startsWith(prefix) && parameters.get(one) !== '')
  const [header] = named('header.')
  if (header) bad(header, 'is not understood: a Firebase gateway takes no headers')
  const given = new Map(
    named('option.').map((one) => [optionName(one.slice('option.'.length)), parameters.get(one)]),
  )
  for (const option of given.keys()) checkOption(option)
  const text = given.get(accountOption)
  const account = text === undefined || text === censored ? null : await accountOf(text, pushHosts)
  const project = given.get('projectid')
  if (account && project !== undefined && project !== account.project_id)
    bad('option.projectid', `must be that of the key file, ${account.project_id}`)
  const address = given.get('address')
  if (address !== undefined) given.set('address', addressOf(address, pushHosts))
  given.delete(accountOption)
  return {
    name,
    module: firebaseModule,
    description: parameters.get('description').slice(0, 1024),
    options: Object.fromEntries(given),
    account,
  }
}

/** The name that the key file had in drafts of this API is understood too. */
export const optionName = (name: string): string =>
  name.toUpperCase() === 'JSONCONFIG' ? accountOption : name

function checkOption(option: string): void {
  if (Object.hasOwn(gatewayOptions, option) || idleOptions.includes(option)) return
  const field = `option.${option.slice(0, 64)}`
  if (option === 'httpsproxy')
    bad(field, 'is not possible here: name the proxy itself in option.address')
  const known = [...Object.keys(gatewayOptions), ...idleOptions].join(', ')
  bad(field, `is no option of a Firebase gateway, which are ${known}`)
}

function addressOf(text: string, pushHosts: string[]): string {
  if (!isFcmAddress(text, pushHosts))
    bad('option.address', 'must be https, and a host that the operator added to PUSH_HOSTS')
  return new URL(text).origin
}

async function accountOf(text: string, pushHosts: string[]): Promise<ServiceAccount> {
  const field = `option.${accountOption}`
  if (!text.trim().startsWith('{'))
    bad(field, 'must be the text of the key file itself: this server reads no files')
  const parsed = v.safeParse(KeyFile, parsedJson(text, field))
  if (!parsed.success) {
    const [issue] = parsed.issues
    return bad(
      field,
      `is no key file of a service account: ${v.getDotPath(issue) ?? 'it'} is wrong`,
    )
  }
  const { type: _, ...account } = parsed.output
  if (!isTokenEndpoint(account.token_uri, pushHosts))
    bad(
      field,
      'names a token_uri that this server does not call. The operator can add its host to PUSH_HOSTS',
    )
  // A key that signs nothing is told of now and not at the first push.
  await importPKCS8(account.private_key, 'RS256').catch(() => bad(field, 'has no RSA private_key'))
  return account
}

function parsedJson(text: string, field: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return bad(field, 'is not valid JSON')
  }
}
