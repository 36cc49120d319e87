/** Signs of life: how often they are sent, by how many, and to whom no more. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Breathing, Timetable, breathing } from '../../worker/routes/encode/breathing.ts'
import { streamed } from '../../worker/routes/encode/streamed.ts'

afterEach(() => vi.restoreAllMocks())

const open = (count: number): Breathing[] => Array.from({ length: count }, () => breathing(' '))

describe('a stream that breathes', () => {
  it('is silent for five seconds, longer where thousands breathe, and never for half a minute', () => {
    const timetable = new Timetable()
    const nowMs = 1_800_000_000_000
    const silences = Array.from({ length: 10_000 }, () => timetable.silenceMs(nowMs))
    expect([0, 1, 1000, 3750, 9999].map((at) => silences[at])).toEqual([
      5000, 5004, 9000, 20_000, 20_000,
    ])
    // When all those have had their turn, it is as at first.
    expect(timetable.silenceMs(nowMs + 15_000)).toBe(5004)
    expect(timetable.silenceMs(nowMs + 40_000)).toBe(5000)
  })

  it('breathes no more once it ends, breaks off or is left', async () => {
    const stopped = vi.spyOn(globalThis, 'clearTimeout')
    const [ended, failed, left] = open(3)
    ended?.end()
    failed?.fail(new Error('broken'))
    await left?.readable.cancel()
    await left?.gone
    expect(stopped).toHaveBeenCalledTimes(3)
    // A second end is none.
    for (const one of [ended, failed, left]) one?.end()
    expect(stopped).toHaveBeenCalledTimes(3)
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

describe('an answer that is streamed', () => {
  it('breaks off where it cannot be made or written, and does not breathe for ever', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const text = (make: () => Promise<unknown>) => streamed(() => undefined, make).text()
    await expect(text(() => Promise.reject(new Error('not made')))).rejects.toThrow('not made')
    await expect(text(() => Promise.resolve(1n))).rejects.toThrow('BigInt')
    expect(logged).toHaveBeenCalledTimes(2)
    expect(await text(() => Promise.resolve({ done: true }))).toBe(' {"done":true}')
  })
})
