/** Policies: what they accept, whom they are about, what they say together, and how soon they hold. */
import { beforeAll, describe, expect, it } from 'vitest'
import { actions, scopes } from '../../worker/policy/actions.ts'
import { type Policy, valueOf } from '../../worker/policy/match.ts'
import { isWithin } from '../../worker/policy/network.ts'
import { atTimes, parseTimes } from '../../worker/policy/time.ts'
import { type Deployment, deployment } from './deployment.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
})
const write = (name: string, body: object) => d.payroll.call('POST', `/policy/${name}`, body)
const enrolling = { scope: 'enrollment', realm: '', action: { push_ttl: '10' } }

describe('a policy', () => {
  it('is written, read, switched and deleted as on the wire', async () => {
    const made = await write('push_enroll', enrolling)
    const id = (made.envelope.result.value as Record<string, number>)['setPolicy push_enroll']
    expect(id).toBeGreaterThan(0)
    const { envelope } = await d.payroll.call('GET', '/policy/push_enroll')
    expect(envelope.result.value).toEqual([
      {
        name: 'push_enroll',
        scope: 'enrollment',
        active: true,
        priority: 1,
        realm: [],
        resolver: [],
        user: [],
        adminrealm: [],
        adminuser: [],
        client: [],
        time: '',
        action: { push_ttl: 10 },
        description: '',
        check_all_resolvers: false,
        conditions: [],
        pinode: [],
        user_agents: [],
      },
    ])
    expect(
      (await d.payroll.call('POST', '/policy/disable/push_enroll')).envelope.result.value,
    ).toBe(id)
    const off = await d.payroll.call('GET', '/policy/push_enroll')
    expect((off.envelope.result.value as { active: boolean }[])[0]?.active).toBe(false)
    expect((await d.payroll.call('POST', '/policy/enable/push_enroll')).envelope.result.value).toBe(
      id,
    )
    expect((await d.payroll.call('DELETE', '/policy/push_enroll')).envelope.result.value).toBe(id)
    const gone = await d.payroll.call('DELETE', '/policy/push_enroll')
    expect(gone.status).toBe(404)
    expect(gone.envelope.result.error).toEqual({
      code: 601,
      message: 'The requested Policy could not be found.',
    })
  })

  it.each([
    ['no scope', { ...enrolling, scope: undefined }, "Missing parameter: 'scope'"],
    ['no realm', { ...enrolling, realm: undefined }, "Missing parameter: 'realm'"],
    ['no action', { ...enrolling, action: undefined }, "Missing parameter: 'action'"],
    ['an unknown scope', { ...enrolling, scope: 'kitchen' }, "'scope' must be one of"],
    ['an unknown action', { ...enrolling, action: { push_tll: 1 } }, "'push_tll' is no action"],
    [
      'an action of another scope',
      { ...enrolling, action: { push_wait: 1 } },
      "'push_wait' is no action",
    ],
    [
      'a number out of range',
      { ...enrolling, action: { push_ttl: 0 } },
      "'push_ttl' must be a whole number",
    ],
    [
      'a word for a number',
      { ...enrolling, action: { push_ttl: 'ten' } },
      "'push_ttl' must be a whole number",
    ],
    [
      'a word that is no choice',
      { ...enrolling, action: { push_ssl_verify: '2' } },
      "'push_ssl_verify' must be one of",
    ],
    ['no action at all', { ...enrolling, action: {} }, 'at least one action'],
    [
      'an inherited name',
      { ...enrolling, action: { constructor: 1 } },
      "'constructor' is no action",
    ],
    [
      'a client that is no address',
      { ...enrolling, client: '10.0.0.300' },
      "'10.0.0.300' is neither",
    ],
    ['a time that is none', { ...enrolling, time: 'Mon-Fri: late' }, "'time' must be as in"],
    ['a priority of 0', { ...enrolling, priority: 0 }, "'priority' must be a whole number"],
    ['half a truth', { ...enrolling, active: 'maybe' }, "'active' must be true or false"],
    ['broken JSON', { ...enrolling, action: '{"push_ttl":' }, "'action' is not valid JSON"],
  ])('is refused with %s, and nothing of it is kept', async (_, body, message) => {
    const refused = await write('wrong', body)
    expect(refused.status).toBe(400)
    expect(refused.envelope.result.error?.message).toContain(message)
    expect((await d.payroll.call('GET', '/policy/wrong')).envelope.result.value).toEqual([])
    expect((await write('wrong', enrolling)).status).toBe(200)
    await d.payroll.call('DELETE', '/policy/wrong')
  })

  it('takes lists and actions as text too', async () => {
    const body = {
      scope: 'authentication',
      realm: 'one, two',
      client: '10.0.0.0/8, !10.1.1.1',
      action: 'push_wait=20, push_text_on_mobile=Hello, {user}!, push_resends=2',
    }
    expect((await write('text', body)).status).toBe(200)
    const { envelope } = await d.payroll.call('GET', '/policy/text')
    expect((envelope.result.value as object[])[0]).toMatchObject({
      realm: ['one', 'two'],
      client: ['10.0.0.0/8', '!10.1.1.1'],
      action: { push_wait: 20, push_text_on_mobile: 'Hello, {user}!', push_resends: 2 },
    })
    await d.payroll.call('DELETE', '/policy/text')
  })

  it('that nothing obeys is kept, and whoever writes it is told', async () => {
    const [scope, name] = ['authentication', 'enroll_via_multichallenge_template']
    const idle = await write('idle', { scope, realm: '', action: { [name]: 'phones' } })
    expect(idle.envelope.detail).toMatchObject({ not_in_force_yet: [name] })
    const heard = await write('idle', {
      scope: 'authentication',
      realm: '',
      action: { push_wait: 5 },
    })
    expect(heard.envelope.detail).toBeUndefined()
    const defs = await d.payroll.call('GET', `/policy/defs/${scope}`)
    expect(defs.envelope.result.value).toMatchObject({ [name]: { in_force: false } })
    const { envelope } = await d.payroll.call('GET', '/policy/defs/authorization')
    expect(envelope.result.value).toMatchObject({ application_tokentype: { in_force: true } })
    await d.payroll.call('DELETE', '/policy/idle')
  })

  it('needs the right to it', async () => {
    const guest = await d.newApplication('Guest', ['trigger'])
    for (const [method, path] of [
      ['GET', '/policy/'],
      ['GET', '/policy/defs'],
      ['POST', '/policy/x'],
      ['DELETE', '/policy/hardening'],
      ['POST', '/policy/disable/hardening'],
    ] as const)
      expect((await guest.call(method, path, method === 'GET' ? undefined : {})).status).toBe(403)
    expect((await d.payroll.call('GET', '/policy/hardening')).envelope.result.value).toHaveLength(1)
  })

  it('lists every action with its type and meaning', async () => {
    const { envelope } = await d.payroll.call('GET', '/policy/defs')
    const defs = envelope.result.value as Record<
      string,
      Record<string, { type: string; desc: string }>
    >
    for (const scope of scopes) {
      expect(Object.keys(defs[scope] ?? {})).toEqual(Object.keys(actions[scope]))
      for (const { type, desc } of Object.values(defs[scope] ?? {})) {
        expect(['bool', 'int', 'str']).toContain(type)
        expect(desc).toMatch(/^\p{Lu}.*\.$/u)
      }
    }
    const one = await d.payroll.call('GET', '/policy/defs/enrollment')
    expect(one.envelope.result.value).toEqual(defs['enrollment'])
    expect((await d.payroll.call('GET', '/policy/defs/kitchen')).status).toBe(400)
  })
})

describe('the policy hardening', () => {
  it('gives way to privacyIDEA’s plain approve when it is deleted, and comes back when it is written', async () => {
    const user = await d.person('harry')
    const phone = await d.device(user)
    const ask = async () => (await d.payroll.trigger({ user })).envelope.detail
    expect((await ask())?.presence_answer).toHaveLength(4)
    const [policy] = (await d.payroll.call('GET', '/policy/hardening')).envelope.result
      .value as object[]
    await d.payroll.call('DELETE', '/policy/hardening')
    const plain = await ask()
    expect(plain?.presence_answer).toBeUndefined()
    expect(plain?.message).toBe('Please confirm the authentication on your mobile device!')
    expect(plain?.notified).toBe(true)
    const [challenge] = await phone.list()
    expect(challenge?.claims.match).toBe('none')
    expect((await phone.approve(challenge!)).outcome).toBe('accepted')
    await write('hardening', { ...policy, realm: '' })
    expect((await ask())?.presence_answer).toHaveLength(4)
  })

  it('may be softened for one realm, one user or one network only', async () => {
    for (const name of ['rosa', 'otto']) await d.device(await d.person(name))
    const soften = { scope: 'authentication', realm: '', priority: 1, action: { push_resends: 9 } }
    const [hard] = (await d.payroll.call('GET', '/policy/hardening')).envelope.result.value as {
      action: object
    }[]
    await write('hardening', { ...hard, realm: '', priority: 2 })
    await write('rosas', { ...soften, user: 'rosa', action: { push_open_prompts: 2 } })
    const ring = async (user: string) =>
      (await d.payroll.trigger({ user })).envelope.detail?.notified
    expect([await ring('rosa'), await ring('rosa'), await ring('rosa')]).toEqual([
      true,
      true,
      false,
    ])
    expect([await ring('otto'), await ring('otto')]).toEqual([true, false])
    await d.payroll.call('DELETE', '/policy/rosas')
    await write('hardening', { ...hard, realm: '' })
  })

  it('refuses a login where two policies of one priority contradict each other, and names them', async () => {
    await d.device(await d.person('paul'))
    await write('louder', { scope: 'authentication', realm: '', action: { push_resends: 9 } })
    const refused = await d.payroll.trigger({ user: 'paul' })
    expect([refused.status, refused.envelope.result.error?.code]).toEqual([403, 303])
    expect(refused.envelope.result.error?.message).toBe(
      "There are policies with conflicting actions: ['hardening', 'louder']",
    )
    await d.payroll.call('DELETE', '/policy/louder')
    expect((await d.payroll.trigger({ user: 'paul' })).envelope.result.value).toBe(1)
  })
})

it('contradictions about a first factor or a text are refused too, not passed over', async () => {
  const user = await d.person('petra')
  await d.device(user)
  for (const [action, one, other] of [
    ['otppin', 'tokenpin', 'none'],
    ['push_text_on_mobile', 'Yes?', 'No?'],
  ] as const) {
    const say = (name: string, value: string) =>
      write(name, { scope: 'authentication', realm: '', action: { [action]: value } })
    await say('left', one)
    await say('right', other)
    const refused = await d.payroll.check({ user, pass: '' })
    expect([refused.status, refused.envelope.result.error?.code]).toEqual([403, 303])
    await d.payroll.call('DELETE', '/policy/right')
    const heard = await d.payroll.check({ user, pass: '' })
    expect(heard.envelope.result.authentication).toBe('CHALLENGE')
    await d.payroll.call('DELETE', '/policy/left')
  }
})

describe('what policies say', () => {
  const policy = (more: Partial<Policy>): Policy => ({
    id: 1,
    name: 'p',
    scope: 'authentication',
    active: true,
    priority: 1,
    realm: [],
    resolver: [],
    user: [],
    adminrealm: [],
    adminuser: [],
    client: [],
    time: '',
    action: { push_wait: 1 },
    description: '',
    ...more,
  })
  const monday = Date.UTC(2026, 10, 23, 10)
  const said = (policies: Policy[], about = {}) =>
    valueOf(policies, 'authentication', 'push_wait', { nowMs: monday, ...about })

  it.each([
    ['everyone', {}, {}, true],
    ['the realm', { realm: ['a', 'b'] }, { realm: 'B' }, true],
    ['another realm', { realm: ['a'] }, { realm: 'c' }, false],
    ['a realm where none is known', { realm: ['a'] }, {}, false],
    ['all but one', { user: ['-eve'] }, { user: 'anna' }, true],
    ['the one left out', { user: ['*', '!eve'] }, { user: 'Eve' }, false],
    ['the star', { user: ['*'] }, { user: 'anna' }, true],
    ['the network', { client: ['10.0.0.0/8'] }, { client: '10.9.8.7' }, true],
    ['an unknown client', { client: ['10.0.0.0/8'] }, {}, false],
    ['a client that is not left out', { client: ['!10.0.0.0/8'] }, { client: '192.0.2.1' }, true],
    ['a client that is left out', { client: ['!10.0.0.0/8'] }, { client: '10.9.8.7' }, false],
    ['an unknown client, where some are left out', { client: ['!10.0.0.0/8'] }, {}, true],
    ['an unknown client, where some are meant', { client: ['10.0.0.0/8', '!10.1.1.1'] }, {}, false],
    ['nobody while inactive', { active: false }, {}, false],
    ['its time', { time: 'Mon-Fri: 9-18' }, {}, true],
    ['another time', { time: 'Sat: 9-18' }, {}, false],
  ])('is about %s', (_, more, about, expected) => {
    expect(said([policy(more)], about) !== null).toBe(expected)
  })

  it('is what the first priority says, and silence of the first is not a word', () => {
    const first = policy({ name: 'first', priority: 1, action: { push_resends: 1 } })
    const second = policy({ name: 'second', priority: 2, action: { push_wait: 5 } })
    const third = policy({ name: 'third', priority: 3, action: { push_wait: 9 } })
    expect(said([third, second, first])).toEqual({ value: 5, policies: ['second'] })
    expect(
      said([second, policy({ name: 'other', priority: 2, action: { push_wait: 6 } })]),
    ).toEqual({
      conflict: ['second', 'other'],
    })
    expect(said([second, policy({ name: 'same', priority: 2, action: { push_wait: 5 } })])).toEqual(
      {
        value: 5,
        policies: ['second', 'same'],
      },
    )
  })

  it.each([
    [['192.0.2.0/24'], '192.0.2.255', true],
    [['192.0.2.0/24'], '192.0.3.0', false],
    [['192.0.2.1'], '192.0.2.1', true],
    [['0.0.0.0/0'], '203.0.113.9', true],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [['2001:db8::/32'], '2001:db8:ffff::1', true],
    [['2001:db8::/32'], '2001:db9::1', false],
    [['10.0.0.0/8', '-10.1.0.0/16'], '10.1.2.3', false],
    [['-10.1.0.0/16'], '10.2.2.3', true],
    [['192.0.2.0/24'], '::ffff:192.0.2.7', true],
    [['192.0.2.0/24'], 'not an address', false],
    [['!192.0.2.0/24'], 'not an address', false],
  ])('networks: %j and %s', (networks, client, expected) => {
    expect(isWithin(networks, client)).toBe(expected)
  })

  it.each([
    ['Mon: 10-11', 0, true],
    ['Mon: 10-11', 60, false],
    ['Fri-Mon: 10:00-10:01', 0, true],
    ['Fri-Mon: 10:00-10:01', 1, false],
    ['Tue-Sun: 0-24', 0, false],
    ['Sat: 1-2, Mon: 9-12', 0, true],
  ])('times: %s, %d minutes after ten', (text, minutes, expected) => {
    expect(atTimes(text)(monday + minutes * 60_000)).toBe(expected)
  })

  it.each(['Mon', 'Mon: 18-9', 'Mon: 9-25', 'Moo: 9-10', 'Mon 9-10', 'Mon: 9:75-10'])(
    'no time: %s',
    (text) => {
      expect(parseTimes(text)).toBeNull()
    },
  )
})

describe('who writes a policy', () => {
  it('is told whom it contradicts, and by which action', async () => {
    const waits = (name: string, seconds: number, more: object = {}) =>
      write(name, { scope: 'authentication', realm: '', action: { push_wait: seconds }, ...more })
    const told = async (name: string, seconds: number, more: object = {}) =>
      (await waits(name, seconds, more)).envelope.detail?.['contradicts']
    expect(await told('some', 10, { realm: 'north, south', client: '10.0.0.0/8' })).toBeUndefined()
    const contradicts = { some: ['push_wait'] }
    for (const more of [
      {},
      { realm: 'SOUTH' },
      { realm: '-north' },
      { client: '10.1.0.0/16' },
      { client: '0.0.0.0/0, !10.0.0.0/9' },
      { client: '!192.0.2.1' },
      { time: 'Mon: 9-10' },
      { user: 'anna' },
    ])
      expect([more, await told('other', 20, more)]).toEqual([more, contradicts])
    for (const [seconds, more] of [
      [10, {}],
      [20, { priority: 2 }],
      [20, { realm: 'west' }],
      [20, { realm: '!north, !south' }],
      [20, { client: '192.0.2.0/24' }],
      [20, { client: '0.0.0.0/0, !10.0.0.0/9, !10.128.0.0/9' }],
      [20, { client: '2001:db8::/32' }],
      [20, { active: false }],
    ] as const)
      expect([more, await told('other', seconds, more)]).toEqual([more, undefined])
    await waits('some', 10, { time: 'Sat-Sun: 9-18' })
    expect(await told('other', 20, { time: 'Mon-Fri: 0-24, Sun: 18-24' })).toBeUndefined()
    expect(await told('other', 20, { time: 'Fri-Sat: 17-24' })).toEqual(contradicts)
    for (const name of ['some', 'other']) await d.payroll.call('DELETE', `/policy/${name}`)
  })
})
