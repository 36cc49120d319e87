/** One of everything that a customer can have, each with a word in it that is told to nobody else. */
import { connectorTyp } from '../../schema/connector.ts'
import { type PublicJwk, publicHalf, sign } from '../../schema/jws.ts'
import { p256Keys } from '../support/p256.ts'
import { addPasskey } from '../support/passkey.ts'
import { until } from '../support/until.ts'
import { enrol } from '../support/virtual-device.ts'
import type { OneCustomer } from './customer.ts'
import { type Deployment, origin } from './deployment.ts'
import { fcmProject } from './fcm-project.ts'

export type Belongings = Awaited<ReturnType<typeof belongings>>

/**
 * @param tag makes the names another's than those of the other customers of a file.
 * @param secretWord stands in what only the customer itself may read, and in no request of anybody else.
 */
export async function belongings(
  d: Deployment,
  of: OneCustomer,
  { tag, secretWord }: { tag: string; secretWord: string },
) {
  const { administrator, payroll, payrollId: application } = of
  async function insist<T = Record<string, string>>(
    method: string,
    path: string,
    body?: object,
    by = administrator,
  ): Promise<T> {
    const { status, envelope } = await by.call(method, path, body)
    if (status !== 200) throw new Error(`${method} ${path}: ${JSON.stringify(envelope)}`)
    return envelope.result.value as T
  }
  const named = <T extends string>(kind: T) => `${kind}-${tag}` as const
  const [resolver, realm, user] = [named('resolver'), named('realm'), named('user')]
  const [policy, gateway, setting] = [named('policy'), named('gateway'), named('setting')]
  await insist('POST', `/resolver/${resolver}`, { type: 'local' })
  await insist('POST', `/realm/${realm}`, { resolvers: resolver })
  await insist('POST', '/user/', { user, realm, email: `${secretWord}@example.org` })
  await insist('POST', '/user/attribute', { user, realm, key: 'note', value: secretWord })
  await insist('POST', `/policy/${policy}`, {
    scope: 'user',
    realm,
    action: { delete: true },
    description: secretWord,
  })
  await insist('POST', '/system/setConfig', { [setting]: secretWord })
  const wish = (await fcmProject(tag)).wish(gateway)
  await insist('POST', '/smsgateway', { ...wish, description: secretWord })
  const connector = await enrolled(await insist('POST', '/connector', { name: named('connector') }))

  await insist('POST', `/application/${application}`, { name: secretWord })
  const account = {
    username: named('account'),
    password: `a long word of ${secretWord}`,
    rights: 'check',
  }
  await insist('POST', `/application/${application}/account`, account)
  const registration = {
    mode: 'second_factor',
    realm,
    redirect_uris: 'https://payroll.example.org/callback',
    scopes: 'trigger',
    ciba: 'poll',
  }
  await insist('POST', `/application/${application}/openid`, registration)
  const secret = await insist('POST', `/application/${application}/secret`)
  const url = `https://hooks.example.net/${secretWord}`
  const webhook = await insist('POST', `/application/${application}/webhook`, { url })
  const keys = await insist<{ id: string; keys: { id: string }[] }[]>('GET', '/application/')
  const key = keys.find(({ id }) => id === application)!.keys[0]!.id

  const { link: invitation } = await payroll.invite({ user, realm })
  const device = await enrol(d.server, { invitation, deviceName: secretWord })
  const asked = await payroll.ask({ user, realm })
  const [open] = await device.list()
  const serial = `TOTP${tag.toUpperCase()}`
  const totp = { type: 'totp', serial, genkey: 1, user, realm, description: secretWord }
  await insist('POST', '/token/init', totp)
  await insist('POST', `/token/info/${serial}/note`, { value: secretWord })
  const passkey = await addPasskey(payroll, origin, { user, realm, description: secretWord })
  const message = await until('a message to the application', async () => {
    const [first] = await insist<{ id: string }[]>('GET', `/application/${application}/message`)
    return first
  })
  const [person] = await insist<{ userid: string }[]>('GET', `/user/?realm=${realm}`)
  const { client_id: clientId, id: secretId } = secret
  const basic = `Basic ${btoa(`${clientId}:${secret['client_secret']}`)}`
  const oauth = async (path: string, fields: Record<string, string>) => {
    const init = { method: 'POST', headers: { Authorization: basic } }
    const response = await d.fetch(path, { ...init, body: new URLSearchParams(fields) })
    return (await response.json()) as Record<string, string>
  }
  const { access_token: bearer } = await oauth('/oauth/token', { grant_type: 'client_credentials' })
  const { request_uri: pushed } = await oauth('/oauth/par', {
    response_type: 'code',
    redirect_uri: registration.redirect_uris,
    scope: 'openid',
    login_hint: user,
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  })

  return {
    ...{ of, device, passkey, asked, open: open!, basic, bearer: bearer!, pushed: pushed! },
    ...{ application, key, secretId: secretId!, clientId: clientId! },
    ...{ webhook: webhook['id']!, message: message.id, account: account.username },
    ...{ resolver, realm, user, policy, gateway, connector, setting, serial },
    userid: person!.userid,
  }

  /** A program with a key of its own. */
  async function enrolled({ code }: Record<string, string>): Promise<string> {
    const { privateKey, publicKey } = await p256Keys('sign', true)
    const jwk = publicHalf((await crypto.subtle.exportKey('jwk', publicKey)) as PublicJwk)
    const claims = { aud: origin, code, label: secretWord }
    const proof = await sign(connectorTyp.enrolment, claims, { key: privateKey, jwk })
    return (await insist('POST', '/connector/enrol', { proof }))['id']!
  }
}
