/** The whole way up to an hour of silence, whatever way questions are missed; limits.test.ts begins each. */
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type Deployment, clock, deployment } from './deployment.ts'
import { climb, waits } from './missed.ts'
import { ringer } from './ringer.ts'

let d: Deployment
let time: ReturnType<typeof clock>
const { ring, someone } = ringer(() => d)
beforeAll(async () => {
  time = clock()
  time.forward(86_400)
  d = await deployment()
})
afterAll(() => time.stop())

describe('prompts that were missed', () => {
  it.each(['left alone, noticed by the alarm', 'declined'] as const)(
    'one after another (%s) make the bell wait up to an hour',
    (how) => climb({ d, time, ring, someone }, how, waits),
  )
})
