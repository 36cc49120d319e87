/** `npm start`, as people start and end it: real processes, real signals, one state folder. */
import { existsSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { endAll, freshState, isAlive, password, run, startCommand } from './command.ts'
import { type Running, address, begin, endsCleanly, ready, runtimesOf } from './start.ts'

async function logIn(url: string, secret: string): Promise<number> {
  const body = JSON.stringify({ username: 'admin', password: secret })
  const headers = { 'Content-Type': 'application/json' }
  return (await fetch(`${url}/auth`, { method: 'POST', headers, body })).status
}

// One folder, and each test begins where the one before it ended: a start takes seconds.
describe('starting', () => {
  const { state, remove } = freshState()
  let running: Running
  let url = ''
  let secret = ''
  let port = ''
  afterAll(async () => {
    await endAll(state)
    remove()
  })

  it('refuses a wrong PUBLIC_URL in one sentence, before anything is made', async () => {
    const { code, output } = await begin(state, { PUBLIC_URL: 'sign.example.org' }).exited
    expect(code).toBe(1)
    expect(output.trim().split('\n')).toEqual([
      'PUBLIC_URL must be an address like https://sign.example.org, not "sign.example.org".',
    ])
    expect(existsSync(join(state, 'keys'))).toBe(false)
  })

  it('says that the port is taken, and by which name to choose another', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    port = String((other.address() as AddressInfo).port)
    const { code, output } = await begin(state, { PORT: port }).exited
    other.close()
    expect(code).toBe(1)
    expect(output).toContain(`Port ${port} on 127.0.0.1 is taken by another program.`)
  })

  it('says where it is and who administers it, and a password the first time', async () => {
    running = begin(state, { PORT: port })
    url = (await running.printed(address))[1]!
    expect(url).toContain(port)
    ;[, secret = ''] = await running.printed(/Password: (\S+)/)
    await running.printed(/Administrator: admin/)
    for (const path of ['/healthz/livez', '/healthz/readyz'])
      expect((await fetch(url + path)).status, path).toBe(200)
    expect(await logIn(url, 'not the password')).toBe(401)
    expect(await logIn(url, secret)).toBe(200)
    await endsCleanly(running, { whom: 'group', signal: 'SIGINT' })
    expect((await running.exited).code).toBe(0)
  })

  it('says no password a second time, and knows the first one', async () => {
    running = begin(state)
    url = await ready(running)
    expect(running.output()).not.toContain('Password')
    expect(await logIn(url, secret)).toBe(200)
    await endsCleanly(running, { whom: 'leader', signal: 'SIGTERM' })
  })

  it('gives the administrator the password it is told, on a later start too', async () => {
    running = begin(state, { COUNTERSIGN_ADMIN_PASSWORD: password })
    url = await ready(running)
    expect(await logIn(url, password)).toBe(200)
    expect(await logIn(url, secret)).toBe(401)
    expect(running.output()).not.toContain(password)
  })

  it('refuses a folder that another one serves, and says which', async () => {
    const { code, output } = await begin(state).exited
    expect(code).toBe(1)
    expect(output).toContain(`process ${running.child.pid} has served ${url} from it since 20`)
    expect(await logIn(url, password)).toBe(200)
  })

  it('after kill -9, which ends the runtime too, has all data', async () => {
    const keys = readFileSync(join(state, 'keys/deployment.json'), 'utf8')
    const runtime = runtimesOf(running)
    expect(runtime).toHaveLength(1)
    running.child.kill('SIGKILL')

    // Begun at once: it waits until the runtime of the dead one is gone.
    const next = begin(state)
    const again = (await next.printed(address))[1]!
    expect(isAlive(runtime[0]!)).toBe(false)
    expect(await logIn(again, password)).toBe(200)
    expect(readFileSync(join(state, 'keys/deployment.json'), 'utf8')).toBe(keys)
  })
})

// Ctrl-C and SIGTERM to the command itself were tried above; what else there is, start.full.test.ts tries.
describe.concurrent('ending leaves nothing behind', () => {
  it.for([
    ['Ctrl-C, under npm', ['npm', 'start'], 'group', 'SIGINT'],
    ['SIGTERM to npm alone', ['npm', 'start'], 'leader', 'SIGTERM'],
    ['the terminal that closes', startCommand, 'group', 'SIGHUP'],
  ] as const)('%s', async ([_how, command, whom, signal]) => {
    const { state, remove } = freshState()
    try {
      await endsCleanly(run([...command], { COUNTERSIGN_STATE: state }), { whom, signal })
    } finally {
      await endAll(state)
      remove()
    }
  })
})
