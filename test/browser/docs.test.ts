/** The API reference as its readers meet it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeViolations, overflowPixels } from '../support/axe.ts'
import { type Stage, isMissing, setStage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setStage()
})
afterAll(() => stage?.end())

describe.skipIf(isMissing('chromium'))('the API reference', () => {
  it.each([
    [360, true],
    [1200, false],
  ])('fits %i pixels, and can be read by everyone (dark: %s)', async (width, dark) => {
    const browser = await stage.window('chromium', { width, height: 740, dark })
    const tab = await browser.open(`${stage.deployment.url}/docs#postTokenInit`)
    await tab.sees('Who may call')
    expect(await overflowPixels(tab)).toBe(0)
    expect(await axeViolations(tab)).toEqual([])
    await browser.close()
  })
})
