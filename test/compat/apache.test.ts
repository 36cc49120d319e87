/** A relying party that nobody here wrote: Debian's Apache with mod_auth_openidc and the file of docs/oidc-clients.md, from the first click to the last. */
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { freePort } from '../../worker/local/port.ts'
import { type Apache, hasApacheOpenid, startApache } from '../support/apache.ts'
import { filled, fileOf } from '../support/guide.ts'
import { type SignInBrowser, signInBrowser } from '../support/sign-in-browser.ts'
import { until } from '../support/until.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Desk, openDesk } from './desk.ts'

/**
 * As a browser navigates: fetch says of itself that it is a script, and a script gets 401 instead of the way to sign in. What
 * stands behind the end of an answer is ignored, as browsers do: this module sends its error page twice.
 */
function navigated(address: string, { headers = {} }: RequestInit): Promise<Response> {
  const how = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate', Connection: 'close' }
  const all = { ...(headers as Record<string, string>), ...how }
  return new Promise((resolve, reject) => {
    let end = reject
    const sent = request(address, { headers: all }, (answer) => {
      let text = ''
      end = () => {
        const told = new Headers()
        for (let at = 0; at < answer.rawHeaders.length; at += 2)
          told.append(answer.rawHeaders[at]!, answer.rawHeaders[at + 1]!)
        resolve(new Response(text, { status: answer.statusCode ?? 0, headers: told }))
      }
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
      answer.on('end', end)
      answer.on('error', end)
    })
    sent.on('error', (error) => end(error))
    sent.end()
  })
}

const password = 'a long and quiet password'

describe.skipIf(!hasApacheOpenid())('Apache with mod_auth_openidc', () => {
  let desk: Desk
  let apache: Apache
  let device: VirtualDevice

  beforeAll(async () => {
    desk = await openDesk(inject('plain'), 'apache', { phones: false })
    await desk.policy('own', 'enrollment', { push_firebase_configuration: 'web push' })
    await desk.person('anna', password)
    device = await desk.device('anna')
    const port = await freePort('127.0.0.1', 0)
    const site = `http://localhost:${port}`
    await desk.must('POST', '/application/wiki-of-apache', { name: 'Wiki' })
    await desk.must('POST', '/application/wiki-of-apache/openid', {
      mode: 'whole_login',
      realm: desk.realm,
      redirect_uris: `${site}/signed-in`,
      post_logout_redirect_uris: `${site}/bye.html`,
    })
    const made = (await desk.must('POST', '/application/wiki-of-apache/secret', {})) as {
      client_id: string
      client_secret: string
    }
    const page = fileOf('oidc-clients.md', '/etc/apache2/conf-available/countersign.conf')
    const configuration = filled(page, {
      'https://sign.example.org': desk.publicUrl,
      'https://wiki.example.org': site,
      'OIDCClientID wiki': `OIDCClientID ${made.client_id}`,
      '<client_secret>': made.client_secret,
      '<32 random letters>': 'kept-by-this-test-and-nobody-else',
    })
    apache = await startApache(port, configuration)
  })
  afterAll(() => apache?.stop())

  const sites = (): { wiki: SignInBrowser; countersign: SignInBrowser } => ({
    wiki: signInBrowser(apache.at, navigated),
    countersign: signInBrowser(desk.publicUrl),
  })

  /** @returns where Countersign sends the browser back to. */
  async function signIn({ wiki, countersign }: ReturnType<typeof sites>): Promise<URL> {
    await wiki.go('/')
    await countersign.go(wiki.page.url)
    await countersign.submit({ username: 'anna', password })
    const question = await until('a question', async () => (await device.list())[0])
    expect(question.claims.application.name).toBe('Wiki')
    await device.approve(question)
    return (await countersign.go(countersign.page.url)).url
  }

  it('signs in, is known from then on, and signs out at both', async () => {
    const both = sites()
    const back = await signIn(both)
    const { wiki, countersign } = both
    await wiki.go(back)
    expect([wiki.page.status, wiki.page.text]).toEqual([200, 'the wiki'])
    expect(wiki.page.headers.get('Remote-User')).toBe('anna')
    // With its own session, and, where that is gone, with Countersign's.
    expect((await wiki.go('/')).text).toBe('the wiki')
    wiki.cookies.clear()
    await wiki.go('/')
    await countersign.go(wiki.page.url)
    await wiki.go(countersign.page.url)
    expect(wiki.page.text).toBe('the wiki')
    const bye = `${apache.at}/bye.html`
    await wiki.go(`/signed-in?logout=${encodeURIComponent(bye)}`)
    expect(wiki.page.url.origin).toBe(new URL(desk.publicUrl).origin)
    await countersign.go(wiki.page.url)
    if (countersign.page.url.href !== bye) await countersign.submit({})
    expect(countersign.page.url.href.split('?')[0]).toBe(bye)
    await wiki.go('/')
    expect(wiki.page.url.origin).not.toBe(apache.at)
    await countersign.go(wiki.page.url)
    expect(countersign.page.text).toContain('name="password"')
  })

  it('takes no code of another login, none twice, and nobody who declines', async () => {
    const his = sites()
    const stolen = await signIn(his)
    const hers = sites()
    expect((await hers.wiki.go(stolen)).status).toBe(400)
    await his.wiki.go(stolen)
    expect(his.wiki.page.text).toBe('the wiki')
    his.wiki.cookies.clear()
    expect((await his.wiki.go(stolen)).status).toBe(400)
    await hers.wiki.go('/')
    await hers.countersign.go(hers.wiki.page.url)
    await hers.countersign.submit({ username: 'anna', password })
    const question = await until('a question', async () => (await device.list())[0])
    await device.decline(question)
    await hers.countersign.go(hers.countersign.page.url)
    await hers.countersign.submit({ step: 'leave' })
    await hers.wiki.go(hers.countersign.page.url)
    expect(hers.wiki.page.text).not.toBe('the wiki')
    const again = sites()
    await again.wiki.go(await signIn(again))
    expect(again.wiki.page.text).toBe('the wiki')
  })
})
