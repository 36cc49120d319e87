/**
 * The workers that plugins run in the person's browser: Keycloak, Shibboleth, simpleSAMLphp, Nextcloud. Each polls every 300 ms
 * from the login page's origin and gives up on the first answer that is not a 200.
 */
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { type Desk, firstOf, openDesk } from './desk.ts'
import { pause, send } from './wire.ts'

type Polled = {
  result: { value: unknown; authentication: unknown }
  detail: { challenge_status: unknown }
}

/** What each takes for success, and how it says no. */
const workers = {
  Keycloak: ({ detail }: Polled) =>
    detail.challenge_status === 'accept'
      ? 'yes'
      : detail.challenge_status === 'declined'
        ? 'no'
        : null,
  Shibboleth: ({ result }: Polled) => (result.value === true ? 'yes' : null),
  simpleSAMLphp: ({ result }: Polled) => (result.value === true ? 'yes' : null),
  Nextcloud: ({ result }: Polled) => (result.authentication === 'ACCEPT' ? 'yes' : null),
}

const origin = 'https://login.example.org'

/** Until the worker is content. @throws where it would give up. */
async function poll(at: string, id: string, read: (polled: Polled) => string | null, most: number) {
  const headers = {
    Origin: origin,
    Referer: `${origin}/`,
    Accept: '*/*',
    'Accept-Language': 'en-US,en;q=0.5',
    'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'Sec-Fetch-Mode': 'cors',
    'Sec-Fetch-Site': 'cross-site',
    'Sec-Fetch-Dest': 'empty',
  }
  for (let polls = 1; polls <= most; polls++) {
    const path = `/validate/polltransaction?transaction_id=${id}`
    const answer = await send(at, { path, headers })
    if (answer.status !== 200) throw new Error(`the worker gives up: ${answer.status}`)
    const allowed = answer.headers['access-control-allow-origin']
    if (allowed !== '*' && allowed !== origin) throw new Error('the browser keeps the answer')
    const outcome = read(JSON.parse(answer.text) as Polled)
    if (outcome) return { outcome, polls }
    await pause(300)
  }
  return { outcome: null, polls: most }
}

let desk: Desk
let apiKey: string
beforeAll(async () => {
  desk = await openDesk(inject('plain'), 'workers')
  ;({ apiKey } = await desk.application('login', ['trigger', 'check']))
})

async function asked(user: string) {
  await desk.person(user)
  const phone = await desk.phone(user)
  const application = desk.administrator.as({ apiKey })
  const { envelope } = await application.trigger({ user, realm: desk.realm })
  return { phone, id: envelope.detail!.transaction_id! }
}

describe.each(Object.entries(workers))('%s', (name, read) => {
  it('polls from another origin every 300 ms, and sees the approval', async () => {
    const { phone, id } = await asked(`${name.toLowerCase()}-yes`)
    const polling = poll(desk.at, id, read, 30)
    await pause(700)
    await phone.accept(await firstOf(phone))
    const { outcome, polls } = await polling
    expect(outcome).toBe('yes')
    expect(polls).toBeGreaterThan(2)
  })

  it('never takes a decline for an approval', async () => {
    const { phone, id } = await asked(`${name.toLowerCase()}-no`)
    await phone.decline(await firstOf(phone))
    const { outcome } = await poll(desk.at, id, read, 3)
    expect(outcome).toBe(name === 'Keycloak' ? 'no' : null)
  })
})

it('twenty people wait at once, each polling 3.3 times a second, and nobody is turned away', async () => {
  const { id } = await asked('patient')
  const waiting = Array.from({ length: 20 }, () => poll(desk.at, id, workers.Keycloak, 10))
  expect((await Promise.all(waiting)).map(({ outcome }) => outcome)).toEqual(Array(20).fill(null))
})

it('polling needs no credential where everything else does, and says the status alone', async () => {
  const hardened = await openDesk(inject('hardened'), 'workers')
  const known = await hardened.application('login', ['trigger', 'check'])
  await hardened.person('anna')
  const phone = await hardened.phone('anna')
  const { envelope } = await hardened.administrator
    .as({ apiKey: known.apiKey })
    .trigger({ user: 'anna', realm: hardened.realm })
  const id = envelope.detail!.transaction_id!
  const { text } = await send(hardened.at, {
    path: `/validate/polltransaction/${id}`,
    headers: { Origin: origin },
  })
  expect(Object.keys((JSON.parse(text) as Polled).detail).toSorted()).toEqual([
    'challenge_status',
    'threadid',
  ])
  expect(text).not.toContain('anna')
  expect(text).not.toContain(phone.serial)
})
