/** Holds the layout of the design, and shows that the check which holds it can fail. */
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  type Graph,
  earlyImportsIn,
  faults,
  importsIn,
  projectGraph,
  runAtStart,
} from './architecture.ts'

const graph = (edges: Record<string, string[]>): Graph => new Map(Object.entries(edges))

describe('this project', () => {
  it('imports one way, and nowhere in a circle', async () => {
    const project = await projectGraph(fileURLToPath(new URL('..', import.meta.url)))
    expect(project.get('worker/index.ts')).toContain('worker/app.ts')
    expect([...project.values()].flat().length).toBeGreaterThan(100)
    expect(faults(project)).toEqual([])
  })

  // The platform bills the CPU of it (worker/README.md, "A start runs nothing"). None of them holds anything: what is imported late has
  // a copy of its own of each (worker/local/bundle-late.ts).
  it('starts an isolate with the doors of the worker alone', async () => {
    const run = await runAtStart(fileURLToPath(new URL('..', import.meta.url)), 'worker/index.ts')
    expect(run.toSorted()).toEqual([
      'worker/app.ts',
      'worker/challenge/coordinator.ts',
      'worker/connector/hub.ts',
      'worker/crypto/random.ts',
      'worker/index.ts',
      'worker/routes/surfaces.ts',
      'worker/webhook/messenger.ts',
    ])
  })

  it('imports only files that are there', async () => {
    const project = await projectGraph(fileURLToPath(new URL('..', import.meta.url)))
    const absent = [...project].flatMap(([from, targets]) =>
      targets.filter((to) => !project.has(to)).map((to) => `${from} → ${to}`),
    )
    expect(absent).toEqual([])
  })
})

describe('the check', () => {
  it('accepts the way down, to a neighbour and to a leaf', () => {
    const good = graph({
      'worker/index.ts': ['worker/app.ts', 'worker/challenge/coordinator.ts'],
      'worker/app.ts': ['worker/routes/device.ts'],
      'worker/routes/device.ts': ['worker/challenge/verify.ts', 'worker/problem.ts'],
      'worker/challenge/verify.ts': ['worker/record/audit.ts', 'schema/signing.ts'],
      'worker/record/audit.ts': ['worker/store/audit.ts', 'worker/env.ts'],
      'worker/local/keys.ts': ['worker/factor/hash.ts', 'schema/jws.ts'],
      'pwa/src/main.tsx': ['pwa/src/api/device.ts', 'schema/device.ts'],
    })
    expect(faults(good)).toEqual([])
  })

  it.each([
    [
      'the way up',
      'worker/store/tokens/find.ts',
      'worker/challenge/state.ts',
      'challenge is above store',
    ],
    ['a leaf that imports', 'worker/env.ts', 'worker/crypto/keys.ts', 'env is a leaf'],
    ['a room nobody planned', 'worker/routes/a.ts', 'worker/helpers/b.ts', 'no room of the design'],
    ['the app in the worker', 'worker/app.ts', 'pwa/src/route.ts', 'meet in schema/ only'],
    ['the worker in the app', 'pwa/src/main.tsx', 'worker/env.ts', 'meet in schema/ only'],
    ['a contract that imports', 'schema/device.ts', 'worker/env.ts', 'imports nothing of ours'],
    ['Node in the worker', 'worker/app.ts', 'worker/local/keys.ts', 'runs in Node'],
    ['the worker in Node', 'worker/local/serve.ts', 'worker/app.ts', 'no more'],
    ['a test in the code', 'worker/app.ts', 'test/support/tls.ts', 'only tests import tests'],
  ])('refuses %s', (_what, from, to, reason) => {
    expect(faults(graph({ [from]: [to] }))).toEqual([expect.stringContaining(reason)])
  })

  it('finds a circle of files and names it', () => {
    const around = graph({
      'pwa/src/a.ts': ['pwa/src/b.ts'],
      'pwa/src/b.ts': ['pwa/src/c.ts'],
      'pwa/src/c.ts': ['pwa/src/a.ts'],
    })
    expect(faults(around)).toEqual([
      'a circle: pwa/src/a.ts → pwa/src/b.ts → pwa/src/c.ts → pwa/src/a.ts',
    ])
  })

  it('finds a circle of rooms whose files go straight', () => {
    const rooms = graph({
      'worker/challenge/a.ts': ['worker/record/b.ts'],
      'worker/record/c.ts': ['worker/challenge/d.ts'],
    })
    expect(faults(rooms)).toEqual(['a circle: worker/challenge → worker/record → worker/challenge'])
  })

  it('reads every way to import', () => {
    const source = `
import { a } from './a.ts'
import type { B } from '../b.ts'
import {
  c,
} from './deep/c.ts'
import './d.ts'
export { e } from './e.ts'
import hono from 'hono'
const f = await import('./f.ts')
const text = 'import nothing'
`
    expect(importsIn('worker/routes/x.ts', source)).toEqual([
      'worker/routes/a.ts',
      'worker/b.ts',
      'worker/routes/deep/c.ts',
      'worker/routes/d.ts',
      'worker/routes/e.ts',
      'worker/routes/f.ts',
    ])
    expect(earlyImportsIn('worker/routes/x.ts', source)).toEqual([
      'worker/routes/a.ts',
      'worker/routes/deep/c.ts',
      'worker/routes/d.ts',
      'worker/routes/e.ts',
    ])
  })
})
