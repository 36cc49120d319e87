/** FCM: whose assertion it takes, what is sent, what each of its answers leads to; and gateways, whose secrets go in and never come out. */
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { gateways } from '../../schema/tables.ts'
import { deploymentOf } from '../../worker/env.ts'
import { type FcmGateway, type FcmMessage, deliverByFcm } from '../../worker/push/fcm.ts'
import { findGateway } from '../../worker/store/gateways.ts'
import { contextHere } from './context.ts'
import { type Deployment, clock, deployment } from './deployment.ts'
import { type FcmTestProject, fcmProject, firebaseModule } from './fcm-project.ts'
import { receivedAt } from './push-box.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment({ PUSH_HOSTS: 'fcm.proxy.example' })
})

let time: ReturnType<typeof clock> | null = null
afterEach(() => {
  time?.stop()
  time = null
})

const message: FcmMessage = {
  token: 'phone-1',
  data: { nonce: 'N', question: 'Sign in?', serial: 'PIPU1', sslverify: '1', title: 'Payroll' },
  title: 'Payroll',
  body: 'Sign in?',
  ttlSeconds: 120,
  collapse: 'PIPU1',
}
let made = 0
async function opened(more: Parameters<typeof fcmProject>[1] = {}) {
  const project = await fcmProject(`project-${++made}`, more)
  const gateway: FcmGateway = {
    account: project.keyFile,
    address: 'https://fcm.googleapis.com',
    version: project.id,
  }
  return { project, gateway }
}
const send = (gateway: FcmGateway, more: Partial<FcmMessage> = {}, pushHosts: string[] = []) =>
  deliverByFcm({ ...message, ...more }, gateway, { pushHosts }, () => Date.now())
const said = async (gateway: FcmGateway) => {
  const { outcome, status } = await send(gateway)
  return [outcome, status]
}

describe('a message', () => {
  it('is sent in the name of the service account, urgent, with all its data and nothing more', async () => {
    const { project, gateway } = await opened()
    expect(await send(gateway)).toMatchObject({
      outcome: 'delivered',
      status: 200,
      host: 'fcm.googleapis.com',
    })
    const { messages, tokens, refused } = await project.seen()
    expect([tokens, refused]).toEqual([1, []])
    const notification = { title: 'Payroll', body: 'Sign in?' }
    expect(messages).toEqual([
      {
        token: 'phone-1',
        data: message.data,
        notification,
        android: { priority: 'HIGH', ttl: '120s' },
        apns: {
          headers: {
            'apns-priority': '10',
            'apns-push-type': 'alert',
            'apns-collapse-id': 'PIPU1',
            'apns-expiration': expect.stringMatching(/^\d{10}$/),
          },
          payload: {
            aps: { alert: notification, sound: 'default', category: 'PUSH_AUTHENTICATION' },
          },
        },
      },
    ])
  })

  it('is refused for another key, another scope of time, and another audience; the right one is taken', async () => {
    const { project, gateway } = await opened()
    const { project: other } = await opened()
    const spoilt = (account: Partial<FcmTestProject['keyFile']>, version: string) => ({
      ...gateway,
      version,
      account: { ...gateway.account, ...account },
    })
    expect(await said(spoilt({ private_key: other.keyFile.private_key }, 'a'))).toEqual([
      'refused',
      400,
    ])
    const late = () => Date.now() - 2 * 3600 * 1000
    const stale = await deliverByFcm(message, { ...gateway, version: 'b' }, { pushHosts: [] }, late)
    expect([stale.outcome, stale.status, stale.host]).toEqual([
      'refused',
      400,
      'oauth2.googleapis.com',
    ])
    expect((await project.seen()).refused).toEqual(['signature', 'times'])
    expect(await said(gateway)).toEqual(['delivered', 200])
  })

  it('goes by one access token until shortly before its end, then by another', async () => {
    time = clock()
    const { project, gateway } = await opened({ tokenSeconds: 600 })
    for (const [forward, tokens] of [
      [0, 1],
      [539, 1],
      [1, 2],
    ] as const) {
      time.forward(forward)
      await project.setClock(Math.floor(Date.now() / 1000))
      expect(await said(gateway)).toEqual(['delivered', 200])
      expect((await project.seen()).tokens).toBe(tokens)
    }
    await project.setClock(null)
  })

  it('asks for a new access token once, where the one it has was taken back', async () => {
    const { project, gateway } = await opened()
    await send(gateway)
    await project.endTokens()
    expect(await said(gateway)).toEqual(['delivered', 200])
    expect(await project.seen()).toMatchObject({ tokens: 2, refused: ['UNAUTHENTICATED'] })
    await project.answerNext({ to: 'messages', status: 401 }, { to: 'messages', status: 401 })
    expect(await said(gateway)).toEqual(['refused', 401])
    expect((await project.seen()).tokens).toBe(3)
    expect(await said(gateway)).toEqual(['delivered', 200])
  })
})

describe('what FCM answers', () => {
  const unregistered = { error: { status: 'NOT_FOUND', details: [{ errorCode: 'UNREGISTERED' }] } }
  it.each([
    ['UNREGISTERED', { status: 404, body: unregistered }, 'gone', null],
    [
      '404 of something that is no FCM',
      { status: 404, body: '<h1>Not Found</h1>' },
      'refused',
      null,
    ],
    ['another project’s phone', { status: 403 }, 'refused', null],
    ['a bad message', { status: 400 }, 'refused', null],
    ['too much', { status: 429, headers: { 'Retry-After': '7' } }, 'retry', 7],
    ['down', { status: 503 }, 'retry', null],
    [
      'a redirect',
      { status: 302, headers: { Location: 'https://evil.example/' } },
      'refused',
      null,
    ],
  ] as const)('%s is told as it is', async (_, reply, outcome, retryAfterSeconds) => {
    const { project, gateway } = await opened()
    await project.answerNext({ to: 'messages', ...reply })
    const { status } = reply
    expect(await send(gateway)).toMatchObject({ outcome, status, retryAfterSeconds })
    expect(await said(gateway)).toEqual(['delivered', 200])
  })

  it.each([
    ['down', { status: 503, headers: { 'Retry-After': '3' } }, 'retry'],
    ['no to the account', { status: 400, body: { error: 'invalid_grant' } }, 'refused'],
    ['nothing that is a token', { status: 200, body: { access_token: 5 } }, 'refused'],
  ] as const)('where tokens are given, %s: nothing is sent', async (_, reply, outcome) => {
    const { project, gateway } = await opened()
    await project.answerNext({ to: 'token', ...reply })
    expect(await send(gateway)).toMatchObject({ outcome, host: 'oauth2.googleapis.com' })
    expect((await project.seen()).messages).toEqual([])
    expect(await said(gateway)).toEqual(['delivered', 200])
  })

  it('is never asked at a host that the operator did not allow', async () => {
    const { project, gateway } = await opened()
    const away = { ...gateway, address: 'https://evil.example', version: 'away' }
    expect(await send(away)).toMatchObject({ outcome: 'host_not_allowed', host: 'evil.example' })
    const tokensAway = {
      ...gateway,
      version: 'tokens-away',
      account: { ...gateway.account, token_uri: 'https://evil.example/token' },
    }
    expect(await send(tokensAway)).toMatchObject({ outcome: 'host_not_allowed' })
    for (const address of ['http://fcm.googleapis.com', 'https://u:p@fcm.googleapis.com'])
      expect((await send({ ...away, address })).outcome).toBe('host_not_allowed')
    for (const path of ['/token', `/v1/projects/${project.id}/messages:send`])
      expect(await receivedAt(`https://evil.example${path}`)).toEqual([])
    const proxied = { ...gateway, address: 'https://fcm.proxy.example' }
    expect((await send(proxied, {}, ['fcm.proxy.example'])).outcome).toBe('delivered')
  })
})

describe('/smsgateway', () => {
  const call = (method: string, path: string, body?: object) => d.payroll.call(method, path, body)
  const context = async (overrides: object = {}) => {
    const own = { ...env, ...overrides }
    // Another isolate: what one remembers hangs on its binding.
    const db = new Proxy(own.DB, {})
    return contextHere({ env: own, db, deployment: await deploymentOf(own) })
  }

  it('keeps a service account sealed, tells everything but that, and sends in its name', async () => {
    const { project } = await opened()
    const wish = { ...project.wish('firebase one'), description: 'phones' }
    const posted = await call('POST', '/smsgateway', wish)
    expect(posted.status).toBe(200)
    const id = posted.envelope.result.value as number
    const told = {
      id,
      name: 'firebase one',
      providermodule: firebaseModule,
      description: 'phones',
      headers: {},
      options: { 'JSON config file': '__CENSORED__' },
    }
    for (const path of ['/smsgateway', '/smsgateway/', `/smsgateway/${id}`])
      expect((await call('GET', path)).envelope.result.value).toEqual([told])
    expect((await call('GET', '/smsgateway/999')).envelope.result.value).toEqual([])

    const rows = JSON.stringify(await d.db.select().from(gateways))
    const trail = JSON.stringify((await call('GET', '/audit/?action=gateway_write')).envelope)
    expect(trail).toContain('firebase one')
    for (const secret of project.keyFile.private_key
      .split('\n')
      .filter((line) => line.length > 60)) {
      expect(rows).not.toContain(secret)
      expect(trail).not.toContain(secret)
    }
    const found = await findGateway(await context(), 'default', 'firebase one')
    expect(await said(found!)).toEqual(['delivered', 200])
    expect(await findGateway(await context(), 'default', 'firebase two')).toBeNull()
    const elsewhere = await context({ MASTER_KEY: 'A'.repeat(43) })
    expect(await findGateway(elsewhere, 'default', 'firebase one')).toBeNull()
  })

  it('is changed without the account, which stays; loses an option; and is deleted', async () => {
    const { project } = await opened()
    const first = await call('POST', '/smsgateway', project.wish('changing'))
    const id = first.envelope.result.value as number
    const changed = await call('POST', '/smsgateway', {
      ...{ name: 'changing', module: firebaseModule, description: 'proxied' },
      'option.JSON config file': '__CENSORED__',
      'option.address': 'https://fcm.proxy.example/',
      'option.projectid': project.id,
      'option.apikey': 'of an older version',
    })
    expect(changed.envelope.result.value).toBe(id)
    expect(changed.envelope.detail).toMatchObject({ not_in_force: ['apikey'] })
    const found = await findGateway(await context(), 'default', 'changing')
    expect(found).toMatchObject({
      address: 'https://fcm.proxy.example',
      account: { client_email: project.keyFile.client_email },
    })
    const less = await call('DELETE', `/smsgateway/option/${id}/option.address`)
    expect(less.envelope.result.value).toBe(id)
    const [row] = (await call('GET', `/smsgateway/${id}`)).envelope.result.value as {
      options: object
    }[]
    expect(row?.options).toEqual({
      'JSON config file': '__CENSORED__',
      projectid: project.id,
      apikey: 'of an older version',
    })
    expect((await call('DELETE', `/smsgateway/option/${id}/JSONCONFIG`)).status).toBe(200)
    expect(await findGateway(await context(), 'default', 'changing')).toBeNull()
    expect((await call('DELETE', '/smsgateway/changing')).envelope.result.value).toBe(id)
    for (const path of ['/smsgateway/changing', `/smsgateway/option/${id}/projectid`]) {
      const { status, envelope } = await call('DELETE', path)
      expect([status, envelope.result.error?.code]).toEqual([404, 601])
    }
  })

  it('says which modules and options there are', async () => {
    const { envelope } = await call('GET', '/smsgateway/providers')
    expect(envelope.result.value).toMatchObject({
      [firebaseModule]: {
        options_allowed: false,
        parameters: { 'JSON config file': { required: true } },
      },
    })
  })

  it.each([
    ['no name', { name: undefined }, "Missing parameter: 'name'"],
    ['a name that policies use otherwise', { name: 'poll only' }, "'name'"],
    [
      'a module that texts',
      { module: 'privacyidea.lib.smsprovider.HttpSMSProvider.HttpSMSProvider' },
      "'module' must be",
    ],
    ['no account', { 'option.JSON config file': undefined }, "'option.JSON config file'"],
    [
      'the path of a file',
      { 'option.JSON config file': '/etc/firebase.json' },
      'this server reads no files',
    ],
    ['no JSON', { 'option.JSON config file': '{' }, 'is not valid JSON'],
    [
      'another kind of file',
      { 'option.JSON config file': '{"type":"authorized_user"}' },
      'type is wrong',
    ],
    ['an option that there is not', { 'option.URL': 'x' }, "'option.URL' is no option"],
    ['a proxy that cannot be', { 'option.httpsproxy': 'http://proxy' }, "'option.httpsproxy'"],
    ['a header', { 'header.Authorization': 'x' }, "'header.Authorization'"],
    ['another project', { 'option.projectid': 'else' }, "'option.projectid'"],
    [
      'a host that is not allowed',
      { 'option.address': 'https://evil.example' },
      "'option.address'",
    ],
  ])('takes no gateway with %s', async (_, more, words) => {
    const { project } = await opened()
    const { status, envelope } = await call('POST', '/smsgateway', {
      ...project.wish('refused'),
      ...more,
    })
    expect(status).toBe(400)
    expect(envelope.result.error?.message).toContain(words)
    expect((await call('POST', '/smsgateway', project.wish('refused'))).status).toBe(200)
    await call('DELETE', '/smsgateway/refused')
  })

  it('takes no key file that signs nothing or names a host that is not called', async () => {
    const { project } = await opened()
    for (const [more, words] of [
      [{ private_key: 'none' }, 'has no RSA private_key'],
      [{ token_uri: 'https://evil.example/token' }, 'token_uri'],
      [{ project_id: '../x' }, 'project_id is wrong'],
    ] as const) {
      const { status, envelope } = await call('POST', '/smsgateway', {
        ...project.wish('refused'),
        'option.JSON config file': JSON.stringify({ ...project.keyFile, ...more }),
      })
      expect(status).toBe(400)
      expect(envelope.result.error?.message).toContain(words)
    }
  })
})
