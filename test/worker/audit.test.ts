/** The audit trail: every action with who, what and how it went; found by any column; a file that a spreadsheet may open. */
import { beforeAll, describe, expect, it } from 'vitest'
import { audit } from '../../schema/tables.ts'
import { type Deployment, adminPassword, clock, deployment } from './deployment.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
})

type Line = Record<string, string | number>
type Found = {
  auditdata: Line[]
  auditcolumns: string[]
  count: number
  current: number
  next: number | null
  prev: number | null
}

const path = (parameters: Record<string, string>, file = '') =>
  `/audit/${file}?${new URLSearchParams(parameters)}`
async function read(parameters: Record<string, string>): Promise<Found> {
  const { status, envelope } = await d.payroll.call('GET', path(parameters))
  expect(status).toBe(200)
  return envelope.result.value as Found
}
const download = (parameters: Record<string, string>, file = 'audit.csv') =>
  d.payroll.raw('GET', path(parameters, file))

let made = 0
async function write(rows: Partial<typeof audit.$inferInsert>[]): Promise<void> {
  for (const row of rows)
    await d.db.insert(audit).values({
      number: ++made,
      customer: 'default',
      at: 1_700_000_000 + made,
      action: 'made',
      success: true,
      ...row,
    })
}

describe('every action', () => {
  it('leaves who, what, whom, where and how it went', async () => {
    const { envelope } = await d.payroll.auth('admin', adminPassword)
    const { token } = envelope.result.value as { token: string }
    const admin = d.payroll.as({ token })
    const act = (method: string, to: string, body?: object) => admin.call(method, to, body)
    await act('POST', '/resolver/staff', { type: 'local' })
    await act('POST', '/resolver/ldap', { type: 'ldapresolver' })
    await act('POST', '/realm/staff', { resolvers: 'staff,none' })
    await act('POST', '/defaultrealm/none')
    await act('POST', '/user/', { user: 'dora', resolver: 'staff', password: 'hidden-from-all' })
    await act('POST', '/user/', { user: 'dora', resolver: 'staff' })
    await act('PUT', '/user/', { user: 'dora', resolver: 'staff', email: 'd@example.org' })
    await act('POST', '/user/attribute', { user: 'dora', realm: 'staff', key: 'k', value: 'v' })
    await act('GET', '/user/?realm=staff')
    await act('DELETE', '/user/attribute/k/dora/staff')
    await act('DELETE', '/user/staff/dora')
    await act('DELETE', '/realm/staff')
    await act('DELETE', '/resolver/staff')

    const { auditdata } = await read({ administrator: 'admin', sortorder: 'asc', page_size: '100' })
    const told = auditdata.map(({ action, success, user, realm, resolver }) =>
      [action, success, user, realm, resolver].join(' ').trimEnd(),
    )
    expect(told).toEqual([
      'resolver_set 1   staff',
      'resolver_set 0   ldap',
      'realm_set 1  staff',
      'realm_default 0  none',
      'user_add 1 dora  staff',
      'user_add 0 dora  staff',
      'user_update 1 dora  staff',
      'attribute_set 1 dora staff',
      'user_list 1  staff',
      'attribute_delete 1 dora staff',
      'user_delete 1 dora  staff',
      'realm_delete 1  staff',
      'resolver_delete 1   staff',
    ])
    expect(auditdata[1]?.info).toBe('{"reason":"missing_parameter"}')
    expect(auditdata[2]?.info).toBe('{"added":["staff"],"failed":["none"]}')
    expect(JSON.stringify(auditdata)).not.toContain('hidden-from-all')
  })

  it('of reading the trail is in the trail', async () => {
    await read({ action: 'nothing-like-it' })
    await (await download({ action: 'nothing-like-it' })).text()
    const traces = (await read({ info: '*nothing-like-it*', sortorder: 'asc' })).auditdata
    expect(traces.map(({ action, success }) => [action, success])).toEqual([
      ['audit_read', 1],
      ['audit_download', 1],
    ])
  })

  it('tells where it came from, where that is known', async () => {
    const behind = await deployment({
      LISTENER: 'loopback',
      PUBLIC_URL: 'http://localhost:8787',
      TRUSTED_PROXIES: '127.0.0.1',
    })
    const headers = { 'x-forwarded-for': '198.51.100.1, 192.0.2.9' }
    await behind.payroll.call('POST', '/user/', { user: 'forwarded' }, { headers })
    expect((await read({ user: 'forwarded' })).auditdata[0]?.client).toBe('192.0.2.9')
    await d.payroll.call('POST', '/user/', { user: 'invented' }, { headers })
    expect((await read({ user: 'invented' })).auditdata[0]?.client).toBe('')
  })

  it('is read by nobody without the right', async () => {
    const other = await d.newApplication('No audit', ['people', 'settings'])
    for (const to of ['/audit/', '/audit/audit.csv']) {
      const { status } = await other.raw('GET', to)
      expect(status).toBe(403)
      expect((await d.payroll.as({}).raw('GET', to)).status).toBe(401)
    }
    expect((await read({})).count).toBeGreaterThan(0)
  })
})

describe('a search', () => {
  it('finds by every column, with * for anything and every other character for itself', async () => {
    await write([
      {
        action: 'sought',
        success: false,
        serial: 'PIPU_1%',
        user: "o'hara",
        realm: 'sought-realm',
        application: 'sought-app',
        client: '192.0.2.7',
        detail: { by: 'root', type: 'push', resolver: 'res', authentication: 'REJECT', x: 'y' },
      },
    ])
    const [line] = (await read({ action: 'sought' })).auditdata
    expect(line).toMatchObject({
      success: 0,
      serial: 'PIPU_1%',
      user: "o'hara",
      administrator: 'root',
      token_type: 'push',
      info: '{"x":"y"}',
    })
    for (const [column, value] of Object.entries(line!)) {
      const alone = column === 'info' ? '*"x":"y"*' : String(value)
      const found = (await read({ action: 'SOUGHT', [column]: alone })).count
      expect([column, found]).toEqual([column, 1])
      const other = column === 'action' ? 'sough' : `${String(value)}-`
      const missed = await read({ serial: 'PIPU_1%', [column]: other })
      expect([column, missed.count]).toEqual([column, 0])
    }
    for (const [pattern, count] of [
      ['PIPU_1*', 1],
      ['PIPU__*', 0],
      ['*%', 1],
      ['*%%', 0],
      ['!PIPU*', 0],
      ['!other*', 1],
    ] as const)
      expect((await read({ action: 'sought', serial: pattern })).count).toBe(count)
  })

  it('pages in both orders, and says what is before and behind', async () => {
    await write(
      Array.from({ length: 23 }, (_, index) => ({ action: 'paged', serial: `S${index}` })),
    )
    const first = await read({ action: 'paged', page_size: '10' })
    expect(first).toMatchObject({ count: 23, current: 1, next: 2, prev: null })
    expect(first.auditdata[0]?.serial).toBe('S22')
    expect(Object.keys(first.auditdata[0]!)).toEqual(first.auditcolumns)
    const last = await read({ action: 'paged', page_size: '10', page: '3', sortorder: 'asc' })
    expect(last).toMatchObject({ count: 23, current: 3, next: null, prev: 2 })
    expect(last.auditdata.map(({ serial }) => serial)).toEqual(['S20', 'S21', 'S22'])
    expect((await read({ action: 'paged' })).auditdata).toHaveLength(15)
  })

  it('goes back as far as it is told', async () => {
    const time = clock()
    try {
      await d.payroll.call('POST', '/user/', { user: 'timed' })
      time.forward(3600)
      expect((await read({ user: 'timed', timelimit: '2h' })).count).toBe(1)
      expect((await read({ user: 'timed', timelimit: '59m' })).count).toBe(0)
      expect((await read({ user: 'timed' })).count).toBe(1)
    } finally {
      time.stop()
    }
  })

  it.each([
    ['page', '0'],
    ['page_size', '1001'],
    ['page_size', 'x'],
    ['sortorder', 'up'],
    ['timelimit', 'yesterday'],
    ['user', `${'x'.repeat(60)}*`],
  ])('refuses %s=%s and names it', async (field, value) => {
    const { status, envelope } = await d.payroll.call('GET', path({ [field]: value }))
    expect(status).toBe(400)
    expect(envelope.result.error?.message).toContain(`'${field}'`)
    expect((await download({ user: `${'x'.repeat(60)}*` })).status).toBe(400)
    expect((await read({ user: 'x'.repeat(60) })).count).toBe(0)
  })
})

describe('the file', () => {
  it('has every line once, however many, with its columns on top', async () => {
    await write(
      Array.from({ length: 1203 }, (_, at) => ({ action: 'filed', serial: `F${at}`, at: 7 })),
    )
    const response = await download({ action: 'filed', sortorder: 'asc' }, 'trail-2026.csv')
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename="trail-2026.csv"',
    )
    const [head, ...lines] = (await response.text()).trimEnd().split('\r\n')
    const columns = (await read({})).auditcolumns
    expect(head).toBe(columns.map((name) => `"${name}"`).join(','))
    const serial = columns.indexOf('serial')
    expect(lines.map((line) => JSON.parse(`[${line}]`)[serial])).toEqual(
      Array.from({ length: 1203 }, (_, at) => `F${at}`),
    )
  })

  it('runs nothing in the spreadsheet of who opens it', async () => {
    const dangerous = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '\r=1', '"=1"', '|calc', '%x']
    await write(dangerous.map((user) => ({ action: 'formula', user })))
    const text = await (await download({ action: 'formula', sortorder: 'asc' })).text()
    for (const user of dangerous)
      expect(text).toContain(user === '"=1"' ? '"""=1"""' : `"'${user}"`)
    expect(text).not.toMatch(/,"[=+\-@\t|%]/)
    const listed = (await read({ action: 'formula', sortorder: 'asc' })).auditdata
    expect(listed.map(({ user }) => user)).toEqual(dangerous)
  })

  it.each(['audit', 'audit.txt', '..%2Faudit.csv', 'a%22b.csv', `${'x'.repeat(70)}.csv`])(
    'is not called %s',
    async (name) => {
      expect((await d.payroll.raw('GET', `/audit/${name}`)).status).toBe(404)
      expect((await download({ action: 'none' })).status).toBe(200)
    },
  )
})
