/** SAML with a device: Debian's SimpleSAMLphp with the module of docs/simplesamlphp.md, from its own service provider to the assertion. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { freePort } from '../../worker/local/port.ts'
import { signInBrowser } from '../support/sign-in-browser.ts'
import {
  type SimpleSaml,
  backOf,
  hasSimpleSaml,
  startSimpleSaml,
} from '../support/simplesamlphp.ts'
import { until } from '../support/until.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Desk, openDesk } from './desk.ts'

const password = 'of-the-identity-provider'

describe.skipIf(!hasSimpleSaml())('SimpleSAMLphp', () => {
  let desk: Desk
  let saml: SimpleSaml
  const devices: Record<string, VirtualDevice> = {}

  beforeAll(async () => {
    desk = await openDesk(inject('plain'), 'saml', { phones: false })
    await desk.policy('own', 'enrollment', { push_firebase_configuration: 'web push' })
    for (const user of ['anna', 'mallory']) {
      await desk.person(user)
      devices[user] = await desk.device(user)
    }
    await desk.person('bare')
    const port = await freePort('127.0.0.1', 0)
    await desk.must('POST', '/application/campus', { name: 'Campus' })
    await desk.must('POST', '/application/campus/openid', {
      mode: 'second_factor',
      realm: desk.realm,
      redirect_uris: backOf(port),
    })
    const made = (await desk.must('POST', '/application/campus/secret', {})) as {
      client_id: string
      client_secret: string
    }
    saml = await startSimpleSaml({
      port,
      server: desk.publicUrl,
      clientId: made.client_id,
      clientSecret: made.client_secret,
      people: { anna: password, mallory: password, bare: password },
    })
  })
  afterAll(() => saml?.stop())

  /** As far as Countersign's page, or as far as it comes. */
  async function begin(user: string) {
    const site = signInBrowser(saml.at)
    const countersign = signInBrowser(desk.publicUrl)
    await site.go('/module.php/core/authenticate.php?as=service')
    await site.submit({ username: user, password })
    if (site.page.url.origin !== saml.at) await countersign.go(site.page.url)
    return { user, site, countersign }
  }
  type Login = Awaited<ReturnType<typeof begin>>
  const question = (user: string) =>
    until('a question', async () => (await devices[user]!.list())[0])

  /** @returns where Countersign sends the browser back to. */
  async function approved({ user, countersign }: Login): Promise<URL> {
    await devices[user]!.approve(await question(user))
    return (await countersign.go(countersign.page.url)).url
  }

  /** The assertion travels in a form of its own. @returns whom the service takes it to be about. */
  async function arrive(site: Login['site'], back: URL): Promise<string | null> {
    await site.go(back)
    if (!site.page.text.includes('SAMLResponse')) return null
    await site.submit({})
    return (
      /<tr[^>]*>[\s\S]*?uid[\s\S]*?<td[^>]*>(?:<[^>]*>|\s)*(\w+)/.exec(site.page.text)?.[1] ?? null
    )
  }

  it('asks for the device behind the password; then the service has its assertion', async () => {
    const login = await begin('anna')
    expect((await question('anna')).claims.application.name).toBe('Campus')
    expect(await arrive(login.site, await approved(login))).toBe('anna')
  })

  it('makes no assertion for who declines, has no device, or typed a wrong password', async () => {
    const login = await begin('anna')
    await devices['anna']!.decline(await question('anna'))
    await login.countersign.go(login.countersign.page.url)
    await login.countersign.submit({ step: 'leave' })
    expect(await arrive(login.site, login.countersign.page.url)).toBeNull()
    expect(login.site.page.text).toContain('The authentication was aborted')
    const bare = await begin('bare')
    expect(bare.countersign.page.text).not.toContain('class="code"')
    await bare.countersign.submit({ step: 'leave' })
    expect(await arrive(bare.site, bare.countersign.page.url)).toBeNull()
    const site = signInBrowser(saml.at)
    await site.go('/module.php/core/authenticate.php?as=service')
    await site.submit({ username: 'anna', password: 'wrong' })
    expect(site.page.url.origin).toBe(saml.at)
    expect(await devices['anna']!.list()).toEqual([])
  })

  it('takes no approval of somebody else, of another browser, or of before', async () => {
    // Mallory knows Anna's password, and approves a login of his own.
    const hers = await begin('anna')
    const his = await begin('mallory')
    const back = await approved(his)
    const swapped = new URL(back)
    expect(await arrive(hers.site, back)).toBeNull()
    const right = await approved(hers)
    swapped.searchParams.set('state', right.searchParams.get('state')!)
    expect(await arrive(hers.site, swapped)).toBeNull()
    expect(saml.log()).toMatch(/countersign: (token|approved by somebody else)/)
    expect(await arrive(hers.site, right)).toBe('anna')
    expect(await arrive(hers.site, right)).toBeNull()
  })
})
