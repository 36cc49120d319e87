/** A browser without scripts: follows redirects on one origin, keeps cookies, fills in forms, and stops where an application takes over. */

export type Seen = {
  /** Where it is now; outside the origin nothing was asked for. */
  url: URL
  status: number
  text: string
  headers: Headers
}

type Send = (address: string, init: RequestInit) => Promise<Response>

export type SignInBrowser = ReturnType<typeof signInBrowser>

export function signInBrowser(
  origin: string,
  send: Send = fetch,
  language = 'en',
  agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
) {
  const cookies = new Map<string, string>()
  let seen: Seen | null = null

  function keep(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/;\s*Max-Age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
  }

  async function go(address: string | URL, init: RequestInit = {}): Promise<Seen> {
    let next = new URL(address, seen?.url.origin === origin ? seen.url : origin)
    let how = init
    for (let hops = 0; hops < 10; hops++) {
      if (next.origin !== origin)
        return (seen = { url: next, status: 0, text: '', headers: new Headers() })
      const response = await send(next.href, {
        redirect: 'manual',
        ...how,
        headers: {
          'User-Agent': agent,
          'Accept-Language': language,
          Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
          ...(how.headers as Record<string, string>),
        },
      })
      keep(response.headers)
      const location = response.headers.get('Location')
      if (location === null || response.status < 300 || response.status > 399)
        return (seen = {
          url: next,
          status: response.status,
          text: await response.text(),
          headers: response.headers,
        })
      await response.body?.cancel()
      next = new URL(location, next)
      how = {}
    }
    throw new Error('too many redirects')
  }

  return {
    cookies,
    go,
    get page(): Seen {
      if (!seen) throw new Error('nothing is open yet')
      return seen
    },
    /** Presses a button of the page: sends the form that it stands in, as the page has it, with these fields filled in. */
    submit(filled: Record<string, string>, more: RequestInit = {}): Promise<Seen> {
      if (!seen) throw new Error('nothing is open yet')
      const forms = seen.text.match(/<form[\s\S]*?<\/form>/g) ?? []
      const has = (form: string, name: string) => form.includes(`name="${name}"`)
      const form = forms.find((one) =>
        Object.entries(filled).every(
          ([name, value]) =>
            has(one, name) && (name !== 'step' || one.includes(`value="${value}"`)),
        ),
      )
      if (form === undefined)
        throw new Error(`no form with ${Object.keys(filled).join(', ')}: ${seen.text}`)
      const [, action = ''] = /action="([^"]*)"/.exec(form) ?? []
      const hidden = [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)]
      const body = new URLSearchParams(hidden.map(([, name = '', value = '']) => [name, value]))
      for (const [name, value] of Object.entries(filled)) body.set(name, value)
      const from = seen.url.origin
      return go(new URL(action, seen.url), {
        method: 'POST',
        body: body.toString(),
        ...more,
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          Origin: from,
          ...(more.headers as Record<string, string>),
        },
      })
    },
    /** The code that the page shows. */
    get code(): string {
      const [, code] = /<p class="code"[^>]*>([^<]+)</.exec(seen?.text ?? '') ?? []
      if (code === undefined) throw new Error(`no code: ${seen?.url.href} ${seen?.text}`)
      return code
    },
  }
}
