/** `npm start`, as people start and end it: real processes, real signals, one state folder. */
import { existsSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  descendants,
  endAll,
  freshState,
  isAlive,
  password,
  run,
  startCommand,
  stillAlive,
} from './command.ts'

/** Tests run beside each other, each with a folder of its own. */
const test = it.extend<{ state: string }>({
  // oxlint-disable-next-line eslint/no-empty-pattern -- vitest reads the dependencies from the pattern
  state: async ({}, use) => {
    const { state, remove } = freshState()
    await use(state)
    await endAll(state)
    remove()
  },
})

const runs = (command: string) => /workerd.* serve/.test(command)
const address = /Countersign is at (\S+)/
const begin = (state: string, env: Record<string, string> = {}) =>
  run(startCommand, { COUNTERSIGN_STATE: state, ...env })

async function logIn(url: string, secret: string): Promise<number> {
  const body = JSON.stringify({ username: 'admin', password: secret })
  const headers = { 'Content-Type': 'application/json' }
  return (await fetch(`${url}/auth`, { method: 'POST', headers, body })).status
}

async function ended(started: ReturnType<typeof run>, signal: NodeJS.Signals = 'SIGINT') {
  started.signalGroup(signal)
  return started.exited
}

describe.concurrent('starting', () => {
  test('says where it is and who administers it, and a password only the first time', async ({
    state,
  }) => {
    const first = begin(state)
    const url = (await first.printed(address))[1]!
    const [, secret = ''] = await first.printed(/Password: (\S+)/)
    await first.printed(/Administrator: admin/)
    for (const path of ['/healthz/livez', '/healthz/readyz'])
      expect((await fetch(url + path)).status, path).toBe(200)
    expect(await logIn(url, 'not the password')).toBe(401)
    expect(await logIn(url, secret)).toBe(200)
    expect((await ended(first)).code).toBe(0)

    const second = begin(state)
    const again = (await second.printed(address))[1]!
    await second.printed(/Ctrl-C ends it/)
    expect(second.output()).not.toContain('Password')
    expect(await logIn(again, secret)).toBe(200)
  })

  test('gives the administrator the password it is told, on a later start too', async ({
    state,
  }) => {
    const first = begin(state)
    await first.printed(/Ctrl-C ends it/)
    await ended(first)
    const second = begin(state, { COUNTERSIGN_ADMIN_PASSWORD: password })
    const url = (await second.printed(address))[1]!
    await second.printed(/Ctrl-C ends it/)
    expect(await logIn(url, password)).toBe(200)
    expect(second.output()).not.toContain(password)
  })

  test('refuses a folder that another one serves, and says which', async ({ state }) => {
    const first = begin(state)
    const url = (await first.printed(address))[1]!
    await first.printed(/Ctrl-C ends it/)
    const { code, output } = await begin(state).exited
    expect(code).toBe(1)
    expect(output).toContain(`process ${first.child.pid} has served ${url} from it since 20`)
    await ended(first)
    await begin(state).printed(/Ctrl-C ends it/)
  })

  test('says that the port is taken, and by which name to choose another', async ({ state }) => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as AddressInfo
    const { code, output } = await begin(state, { PORT: String(port) }).exited
    other.close()
    expect(code).toBe(1)
    expect(output).toContain(`Port ${port} on 127.0.0.1 is taken by another program.`)
    await begin(state, { PORT: String(port) }).printed(/Ctrl-C ends it/)
  })

  test('refuses a wrong PUBLIC_URL in one sentence, before anything is made', async ({ state }) => {
    const { code, output } = await begin(state, { PUBLIC_URL: 'sign.example.org' }).exited
    expect(code).toBe(1)
    expect(output.trim().split('\n')).toEqual([
      'PUBLIC_URL must be an address like https://sign.example.org, not "sign.example.org".',
    ])
    expect(existsSync(join(state, 'keys'))).toBe(false)
  })
})

describe.concurrent('ending', () => {
  test.for([
    ['Ctrl-C, under npm', ['npm', 'start'], 'group', 'SIGINT'],
    ['Ctrl-C', startCommand, 'group', 'SIGINT'],
    ['SIGTERM to npm alone', ['npm', 'start'], 'leader', 'SIGTERM'],
    ['SIGTERM to npm run serve alone', ['npm', 'run', 'serve'], 'leader', 'SIGTERM'],
    ['SIGTERM', startCommand, 'leader', 'SIGTERM'],
    ['the terminal that closes', startCommand, 'group', 'SIGHUP'],
  ] as const)('leaves nothing behind: %s', async ([_how, command, whom, signal], { state }) => {
    const started = run([...command], { COUNTERSIGN_STATE: state })
    const url = (await started.printed(address))[1]!
    await started.printed(/Ctrl-C ends it/)
    const below = descendants(started.child.pid!)
    expect(below.some(({ command: name }) => runs(name))).toBe(true)

    if (whom === 'group') started.signalGroup(signal)
    else started.child.kill(signal)
    await started.exited
    expect(await stillAlive(below.map(({ pid }) => pid))).toEqual([])
    expect(existsSync(join(state, 'holder.json'))).toBe(false)
    await expect(fetch(`${url}/healthz/livez`)).rejects.toThrow('fetch failed')
  })

  test('by kill -9 ends the runtime too, and the next start has all data', async ({ state }) => {
    const first = begin(state, { COUNTERSIGN_ADMIN_PASSWORD: password })
    const url = (await first.printed(address))[1]!
    await first.printed(/Ctrl-C ends it/)
    expect(await logIn(url, password)).toBe(200)
    const keys = readFileSync(join(state, 'keys/deployment.json'), 'utf8')
    const runtime = descendants(first.child.pid!).filter(({ command }) => runs(command))
    expect(runtime).toHaveLength(1)
    first.child.kill('SIGKILL')

    // Begun at once: it waits until the runtime of the dead one is gone.
    const second = begin(state)
    const again = (await second.printed(address))[1]!
    expect(isAlive(runtime[0]!.pid)).toBe(false)
    expect(await logIn(again, password)).toBe(200)
    expect(readFileSync(join(state, 'keys/deployment.json'), 'utf8')).toBe(keys)
  })
})
