/** Parameters and names as the plugins send them: four encodings, once too often, and every spelling of one person. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, adminPassword, deployment } from './deployment.ts'

let d: Deployment
let token: string
const trigger = '/validate/triggerchallenge'

beforeAll(async () => {
  d = await deployment()
  await d.newRealm('acme')
  const { envelope } = await d.payroll.auth('admin', adminPassword)
  token = (envelope.result.value as { token: string }).token
})

/** @returns the serial of the token that was asked, or what was wrong. */
async function asked(path: string, init: RequestInit = {}): Promise<string> {
  const headers = { authorization: token, ...(init.headers as Record<string, string>) }
  const response = await d.fetch(path, { ...init, headers })
  const { result, detail } = (await response.json()) as {
    result: { value?: unknown; error?: { message: string } }
    detail: { serial?: string; message?: string } | null
  }
  return detail?.serial ?? detail?.message ?? result.error?.message ?? ''
}

const form = 'application/x-www-form-urlencoded'
const posted = (
  body: string | FormData | URLSearchParams,
  headers: Record<string, string> = {},
) => ({
  method: 'POST',
  body,
  headers,
})

describe('parameters', () => {
  const user = 'Jürgen Müller+1'
  let phone: VirtualDevice
  beforeAll(async () => {
    await d.person(user)
    phone = await d.device(user)
  })

  it('are read from the query, urlencoded, multipart and JSON', async () => {
    const multipart = new FormData()
    multipart.set('user', user)
    for (const [path, init] of [
      [`${trigger}?${new URLSearchParams({ user })}`, {}],
      [`${trigger}?${new URLSearchParams({ user })}`, { method: 'POST' }],
      [trigger, posted(new URLSearchParams({ user }))],
      [trigger, posted(multipart)],
      [trigger, posted(JSON.stringify({ user }), { 'content-type': 'application/json' })],
      [`${trigger}/`, posted(new URLSearchParams({ user }))],
      [
        trigger,
        posted(JSON.stringify({ user }), { 'content-type': 'APPLICATION/JSON; charset=utf-8' }),
      ],
    ] as const)
      expect(await asked(path, init)).toBe(phone.serial)
  })

  it('are read by /validate/check and /auth in the same four ways', async () => {
    const multipart = new FormData()
    multipart.set('user', user)
    multipart.set('pass', '')
    for (const init of [
      posted(new URLSearchParams({ user, pass: '' })),
      posted(multipart),
      posted(JSON.stringify({ user, pass: '' }), { 'content-type': 'application/json' }),
    ])
      expect(await asked('/validate/check', init)).toBe(phone.serial)
    expect(await asked(`/validate/check?${new URLSearchParams({ user, pass: '' })}`)).toBe(
      phone.serial,
    )
    const credentials = { username: 'admin', password: adminPassword }
    const signIn = new FormData()
    for (const [name, value] of Object.entries(credentials)) signIn.set(name, value)
    for (const init of [posted(signIn), posted(new URLSearchParams(credentials))])
      expect((await d.fetch('/auth', init)).status).toBe(200)
  })

  it('that were encoded twice are understood, except in JSON', async () => {
    const twice = encodeURIComponent(encodeURIComponent(user))
    expect(await asked(trigger, posted(`user=${twice}`, { 'content-type': form }))).toBe(
      phone.serial,
    )
    expect(await asked(`${trigger}?user=${twice}`)).toBe(phone.serial)
    const json = posted(JSON.stringify({ user: encodeURIComponent(user) }), {
      'content-type': 'application/json',
    })
    expect(await asked(trigger, json)).toContain('The user can not be found')
  })

  it.each(['privacyidea-cp/3.6', 'privacyIDEA-LDAP-Proxy', 'simpleSAMLphp'])(
    'of %s, which encodes once, keep their percent signs',
    async (agent) => {
      const [percent, encoded] = [`100% ${agent}`, `100%25 ${agent}`]
      await d.person(percent)
      await d.person(encoded)
      const one = await d.device(percent)
      const other = await d.device(encoded)
      const init = posted(new URLSearchParams({ user: encoded }))
      expect(await asked(trigger, init)).toBe(one.serial)
      expect(await asked(trigger, { ...init, headers: { 'user-agent': agent } })).toBe(other.serial)
    },
  )

  it('in JSON may be numbers, and null is absent', async () => {
    await d.person('4711')
    const numbered = await d.device('4711')
    const json = (body: object) =>
      posted(JSON.stringify(body), { 'content-type': 'application/json' })
    expect(await asked(trigger, json({ user: 4711, realm: null }))).toBe(numbered.serial)
  })
})

describe('one person', () => {
  it('is found in every spelling: letter case, user@realm, DOM\\user, the realm apart', async () => {
    await d.person('Bob', { realm: 'acme' })
    const phone = await d.device('bob@acme')
    for (const spelling of [
      { user: 'Bob', realm: 'acme' },
      { user: 'bob', realm: 'ACME' },
      { user: ' BOB ', realm: ' acme ' },
      { user: 'bob@acme' },
      { user: 'BOB@Acme' },
      { user: 'acme\\bob' },
      { user: 'ACME\\BOB' },
    ])
      expect(await asked(trigger, posted(new URLSearchParams(spelling)))).toBe(phone.serial)
    for (const other of [
      { user: 'bob' },
      { user: 'bob', realm: 'default' },
      { user: 'bob', realm: 'none' },
    ])
      expect(await asked(trigger, posted(new URLSearchParams(other)))).toContain('can not be found')
    const open = await phone.list()
    expect(open).toHaveLength(7)
  })

  it('may have a name with an @ or a domain that is no realm of ours', async () => {
    await d.person('carol@example.org')
    const phone = await d.device('carol@example.org')
    for (const name of ['carol@example.org', 'Carol@Example.ORG', 'carol@example.org@default'])
      expect(await asked(trigger, posted(new URLSearchParams({ user: name })))).toBe(phone.serial)
    expect(await asked(trigger, posted(new URLSearchParams({ user: 'carol@acme' })))).toContain(
      'can not be found',
    )
  })

  it('is made once, whatever the letter case', async () => {
    await d.person('Ünal')
    const again = await d.payroll.createUser({ user: 'üNAL' })
    expect(again.status).toBe(400)
    expect(again.envelope.result.error).toMatchObject({ code: 905 })
    // The same letters, composed differently.
    expect((await d.payroll.createUser({ user: 'Ünal'.normalize('NFD') })).status).toBe(400)
    expect((await d.payroll.createUser({ user: 'Ünal', realm: 'acme' })).status).toBe(200)
  })

  it('is found by a serial of theirs, and only with that token', async () => {
    const user = await d.person('two-phones')
    const first = await d.device(user)
    const second = await d.device(user)
    for (const { serial } of [first, second])
      expect(await asked(trigger, posted(new URLSearchParams({ serial })))).toBe(serial)
    expect(await first.list()).toHaveLength(1)
    const both = await d.payroll.trigger({ user })
    expect(both.envelope.result.value).toBe(2)
    expect(
      await asked(trigger, posted(new URLSearchParams({ user, serial: 'PIPU00000000' }))),
    ).toContain('The user has no tokens assigned')
  })
})
