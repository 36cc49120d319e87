/** Signs of life: how often they are sent, by how many, and to whom no more. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Breathing, breathing, silenceMs } from '../../worker/routes/encode/breathing.ts'

afterEach(() => vi.restoreAllMocks())

const open = (count: number): Breathing[] => Array.from({ length: count }, () => breathing(' '))

describe('a stream that breathes', () => {
  it('is silent for five seconds, longer where thousands breathe, and never for half a minute', () => {
    expect([1, 1250, 2500, 5000, 1_000_000].map(silenceMs)).toEqual([
      5000, 5000, 10_000, 20_000, 20_000,
    ])
  })

  it('is counted until it ends, breaks off or is left', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const lastMs = () => timers.mock.lastCall?.[1]
    const [ended, failed, left] = [open(1000), open(1000), open(1000)]
    expect(lastMs()).toBe(12_000)
    for (const one of ended) {
      one.end()
      // A second end is none.
      one.end()
    }
    for (const one of failed) one.fail(new Error('broken'))
    await Promise.all(left.map(({ readable }) => readable.cancel()))
    await Promise.all(left.map(({ gone }) => gone))
    const [last] = open(1)
    expect(lastMs()).toBe(5000)
    last?.end()
  })

  it('says nothing more to a reader who has left, and everything to one who has not', async () => {
    const [left, reads] = open(2)
    await left?.readable.cancel()
    left?.say('{}')
    left?.end()
    reads?.say('{}')
    reads?.end()
    expect(await new Response(reads?.readable).text()).toBe(' {}')
  })

  it('is never taken for whole where it broke off', async () => {
    const [broken, whole] = open(2)
    broken?.fail(new Error('broken'))
    await expect(new Response(broken?.readable).text()).rejects.toThrow('broken')
    whole?.end()
    expect(await new Response(whole?.readable).text()).toBe(' ')
  })
})
