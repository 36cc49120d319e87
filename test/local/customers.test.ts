/** `npm run customer` and COUNTERSIGN_DATABASES, as people use them: real processes, one state folder. */
import { expect, it } from 'vitest'
import { endAll, freshState, run, startCommand } from './command.ts'

const customer = [process.execPath, 'worker/local/customer-command.ts']

async function signIn(url: string, password: string, headers: Record<string, string>) {
  const answered = await fetch(`${url}/auth`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ username: 'admin', password }),
  })
  return answered.status
}

it('makes a customer in a database of its own, which is there at each start and cannot be left out', async () => {
  const { state, remove } = freshState()
  try {
    const env = { COUNTERSIGN_STATE: state }
    const two = { ...env, COUNTERSIGN_DATABASES: '2' }
    const add = (given: typeof env, ...args: string[]) =>
      run([...customer, 'add', ...args], given).exited
    const early = await add(env, 'acme', 'Acme Ltd', '--database', '1')
    expect(early).toMatchObject({ code: 1 })
    expect(early.output).toContain('set COUNTERSIGN_DATABASES=2 or more')

    const made = await add(two, 'acme', 'Acme Ltd', '--database', '1')
    expect(made.code).toBe(0)
    const [, password = ''] = /^Password: (\S+)/m.exec(made.output) ?? []

    const alone = await run(startCommand, env).exited
    expect(alone.code).toBe(1)
    expect(alone.output).toContain('The customer "acme" lives in database 1')

    const running = run(startCommand, two)
    const [, url = ''] = await running.printed(/Countersign is at (\S+)/)
    await running.printed(/Ctrl-C ends it/)
    const held = await add(two, 'late', 'Late')
    expect(held.output).toContain('is in use')
    expect(await signIn(url, password, {})).toBe(401)
    expect(await signIn(url, password, { 'Countersign-Customer': 'acme' })).toBe(200)
  } finally {
    await endAll(state)
    remove()
  }
})

it.each([
  [['add', 'ACME', 'Acme'], 'The id must be small letters'],
  [['add', 'acme', 'A\nB'], 'The name must be'],
  [['add', 'acme', 'Acme', '--database', 'x'], '--database must be a number'],
  [['add', 'acme'], 'Say what to do'],
  [['remove', 'acme', 'Acme'], 'Say what to do'],
])('refuses %j in one sentence, before it touches anything', async (args, sentence) => {
  const { code, output } = await run([...customer, ...args], {}).exited
  expect([code, output.trim().split('\n')]).toEqual([1, [expect.stringContaining(sentence)]])
})
