/** What whoever runs the server asks of it: the configuration as scripts write it, whether it can work, and what it is. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Deployment, deployment } from './deployment.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
})
const valueOf = async (method: string, path: string, body?: object) => {
  const { status, envelope } = await d.payroll.call(method, path, body)
  expect([path, status]).toEqual([path, 200])
  return envelope.result.value
}

describe('the configuration', () => {
  it('keeps what privacyIDEA’s scripts set, and says of what nothing obeys that nothing does', async () => {
    const set = await d.payroll.call('POST', '/system/setConfig', {
      DefaultChallengeValidityTime: '150',
      splitAtSign: 'True',
      'splitAtSign.desc': 'whether @ splits',
      'totp.hashlib': 'sha256',
    })
    expect(set.status).toBe(200)
    expect(set.envelope.result.value).toEqual({
      DefaultChallengeValidityTime: 'insert',
      splitAtSign: 'insert',
      'totp.hashlib': 'insert',
    })
    expect(set.envelope.detail).toMatchObject({ not_in_force: ['splitAtSign', 'totp.hashlib'] })
    expect(await valueOf('GET', '/system/')).toEqual({
      DefaultChallengeValidityTime: '150',
      splitAtSign: 'True',
      'totp.hashlib': 'sha256',
    })
    const again = await d.payroll.call('POST', '/system/setConfig', { splitAtSign: 'False' })
    expect(again.envelope.result.value).toEqual({ splitAtSign: 'update' })
    expect(await valueOf('GET', '/system/splitAtSign')).toBe('False')
    expect(await valueOf('GET', '/system/splitatsign')).toBe('False')
    expect(await valueOf('DELETE', '/system/splitAtSign')).toBe(1)
    expect(await valueOf('DELETE', '/system/splitAtSign')).toBe(0)
    expect(await valueOf('GET', '/system/splitAtSign')).toBeNull()
  })

  it('knows a setting of ours in any letter case: another spelling is not another setting', async () => {
    expect(await valueOf('POST', '/system/setConfig', { defaultmaxfailcount: 3 })).toEqual({
      DefaultMaxFailCount: 'insert',
    })
    const tokens = await d.payroll.initToken({ type: 'hotp' })
    const { envelope } = await d.payroll.token(tokens.envelope.detail?.serial ?? '')
    expect(envelope.result.value).toMatchObject({ tokens: [{ maxfail: 3 }] })
    expect(await valueOf('DELETE', '/system/DEFAULTMAXFAILCOUNT')).toBe(1)
  })

  it('takes what new tokens begin with from setDefault, and passes other names over', async () => {
    const { envelope } = await d.payroll.call('POST', '/system/setDefault', {
      ...{ DefaultMaxFailCount: 5, defaultcountwindow: 7, DefaultResetFailCount: 'True' },
      PushChallengeValidityTime: 60,
    })
    expect(envelope.result.value).toEqual({
      DefaultMaxFailCount: 'insert',
      DefaultCountWindow: 'insert',
      DefaultResetFailCount: 'insert',
    })
    expect(envelope.detail).toMatchObject({ not_in_force: ['DefaultResetFailCount'] })
    expect(await valueOf('GET', '/system/PushChallengeValidityTime')).toBeNull()
    const { envelope: made } = await d.payroll.initToken({ type: 'hotp' })
    const found = await d.payroll.token(made.detail?.serial ?? '')
    expect(found.envelope.result.value).toMatchObject({
      tokens: [{ maxfail: 5, count_window: 7 }],
    })
  })
})

describe('/healthz', () => {
  it.each([
    ['/healthz/', { status: 'ready', hsm: 'OK' }],
    ['/healthz/livez', { status: 'OK' }],
    ['/healthz/readyz', { status: 'ready', hsm: 'OK' }],
    ['/healthz/startupz', { status: 'started' }],
  ])('%s says how it is, to anyone, as on the wire', async (path, value) => {
    const response = await d.fetch(path)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ id: 1, result: { status: true, value } })
  })

  it('is 503 before the first rows are there, and still alive', async () => {
    const empty = { prepare: () => ({ first: () => Promise.reject(new Error('no such table')) }) }
    const young = await deployment({ DB: empty as unknown as D1Database })
    for (const [path, status, value] of [
      ['/healthz/', 503, { status: 'not ready', hsm: 'unchecked' }],
      ['/healthz/readyz', 503, { status: 'not ready', hsm: 'unchecked' }],
      ['/healthz/startupz', 503, { status: 'not started' }],
      ['/healthz/livez', 200, { status: 'OK' }],
    ] as const) {
      const response = await young.fetch(path)
      expect([path, response.status]).toEqual([path, status])
      expect(await response.json()).toMatchObject({ result: { status: true, value } })
    }
  })
})

describe('/info', () => {
  it('says what it is and what it speaks, and nothing that is a secret', async () => {
    const text = await (await d.fetch('/info')).text()
    expect(JSON.parse(text)).toMatchObject({
      result: { value: { name: 'Countersign', api_version: '3.12', url: d.env.PUBLIC_URL } },
    })
    for (const [name, value] of Object.entries(d.env))
      if (/KEY|PEPPER/.test(name) && typeof value === 'string' && value !== '')
        expect([name, text.includes(value)]).toEqual([name, false])
  })
})
