/** Policies of scope enrollment: what a new token may be, what its link says, and how many of them there may be. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Application } from '../support/application.ts'
import { type Deployment, adminPassword, deployment } from './deployment.ts'
import { otpSeed } from './seeds.ts'

let d: Deployment
let admin: Application
let people = 0
beforeAll(async () => {
  d = await deployment()
  const { envelope } = await d.payroll.auth('admin', adminPassword)
  const { token } = envelope.result.value as { token: string }
  admin = d.payroll.as({ token })
})
afterEach(async () => {
  for (const name of written.splice(0)) await admin.call('DELETE', `/policy/${name}`)
})

const newPerson = (more: object = {}) => d.person(`enrolled-${people++}`, more)

const written: string[] = []
/** For this test only. */
async function policy(scope: string, action: object, more: object = {}) {
  const name = `of-this-test-${written.length}`
  written.push(name)
  const { status, envelope } = await admin.call('POST', `/policy/${name}`, {
    scope,
    action,
    realm: '',
    ...more,
  })
  expect([status, envelope.result.error]).toEqual([200, undefined])
}

async function init(parameters: object = {}) {
  const { status, envelope } = await admin.initToken({
    type: 'totp',
    otpkey: otpSeed,
    ...parameters,
  })
  const detail = (envelope.detail ?? {}) as Record<string, unknown> & { serial: string }
  return { status, error: envelope.result.error, detail, serial: detail.serial }
}
const linkOf = ({ detail }: Awaited<ReturnType<typeof init>>) =>
  (detail.googleurl as { value: string }).value

describe('a link for an authenticator app', () => {
  it('says whose token it is and who issued it, with the tags filled and all of it quoted', async () => {
    const user = await newPerson({ givenname: 'Åsa', surname: 'O’Neil' })
    await policy('enrollment', {
      tokenlabel: '{user}@{realm}/{serial}',
      tokenissuer: 'ACME & {givenname} {surname}',
      appimageurl: 'https://acme.example/logo.png?a=1',
    })
    const made = await init({ user })
    const [name, query] = linkOf(made).split('?')
    expect(name).toBe(`otpauth://totp/${user}%40default/${made.serial}`)
    expect(query?.split('&').slice(3)).toEqual([
      'creator=privacyidea',
      'issuer=ACME%20%26%20%C3%85sa%20O%E2%80%99Neil',
      `serial=${made.serial}`,
      'image=https%3A//acme.example/logo.png%3Fa%3D1',
    ])
    expect((made.detail.oathurl as { value: string }).value).toContain(
      `name=${user}%40default/${made.serial}&`,
    )
  })

  it('knows the older tags, names nobody where the token is nobody’s, and is about those it names', async () => {
    const user = await newPerson()
    await policy('enrollment', { tokenlabel: '<u>-<r>-<s>' }, { user })
    const theirs = await init({ user })
    expect(linkOf(theirs)).toContain(`/${user}-default-${theirs.serial}?`)
    const other = await init({ user: await newPerson() })
    expect(linkOf(other)).toContain(`/${other.serial}?`)
    await policy('enrollment', { tokenissuer: '[{user}]' })
    expect(linkOf(await init())).toContain('&issuer=%5B%5D&')
  })

  it('cuts a label that would make the picture too dense, and nothing of the secret', async () => {
    await policy('enrollment', { tokenlabel: 'x'.repeat(300) })
    const link = linkOf(await init())
    const [name = '', query] = link.replace('otpauth://totp/', '').split('?')
    expect(name).toBe('x'.repeat(115))
    expect(query).toMatch(/^secret=[A-Z2-7]{32}&period=30&digits=6&/)
  })

  it('is refused, with the names, where two policies contradict each other', async () => {
    await policy('enrollment', { tokenlabel: 'a' })
    await policy('enrollment', { tokenlabel: 'b' })
    const refused = await init()
    expect([refused.status, refused.error?.code]).toEqual([403, 303])
    expect(refused.error?.message).toContain('of-this-test-0, of-this-test-1')
  })
})
