/**
 * From asking to the push event in the service worker of a real browser, by push services on this machine. The event's time is taken
 * in the service worker, before it does anything with the message; the notification, which people wait for, is told beside it.
 */
import { en } from '../../../pwa/src/text/en.ts'
import { startBetween } from '../../support/between.ts'
import { asker, enrolInApp } from '../../support/person.ts'
import { type Engine, type Phone, type Stage, engines, setStage } from '../../support/stage.ts'
import { until } from '../../support/until.ts'
import { median, quantile } from '../load.ts'
import type { Findings } from '../report.ts'
import { nextNotification, now, ringAlways } from '../ringing.ts'

const samples = 30
const mostMs = 150

/** Before the app's own listener: what happened when, kept where a page can read it. */
const witness = `self.addEventListener('push', (event) => {
  const at = performance.timeOrigin + performance.now()
  event.waitUntil(caches.open('bench').then((cache) => cache.put('/bench/' + at, new Response())))
})\n`

export async function push(): Promise<Findings> {
  const between = await startBetween()
  between.change.set('/sw.js', (text) => witness + text)
  const stage = await setStage({ publicUrl: between.url })
  between.passOnTo(stage.deployment.server().port)
  try {
    await ringAlways(stage)
    const found = new Map<Engine, Sample[]>()
    for (const engine of engines) found.set(engine, await samplesOf(stage, engine))
    return {
      figures: [...found].map(([engine, samples]) => {
        const p50 = median(samples.map(({ eventMs }) => eventMs))
        return {
          name: `trigger → push event, ${engine}`,
          mustReach: `p50 at most ${mostMs} ms`,
          measured: `${p50.toFixed(0)} ms`,
          reached: p50 <= mostMs,
        }
      }),
      rows: [...found].map(([browser, samples]) => {
        const of = (share: number, name: keyof Sample) =>
          quantile(
            samples.map((sample) => sample[name]),
            share,
          )
        return {
          browser,
          samples: samples.length,
          'event p50 ms': of(0.5, 'eventMs'),
          'event p90': of(0.9, 'eventMs'),
          'notification p50 ms': of(0.5, 'shownMs'),
          'notification p90': of(0.9, 'shownMs'),
        }
      }),
    }
  } finally {
    await stage.end()
    await between.close()
  }
}

type Sample = { eventMs: number; shownMs: number }
type Asked = { askedAt: number; shownAt: number }

async function samplesOf(stage: Stage, engine: Engine): Promise<Sample[]> {
  const phone = await stage.phone(engine)
  const { user } = await stage.person()
  const { link } = await stage.deployment.application.invite({ user })
  const tab = await enrolInApp(phone.browser(), link)
  // Somebody's phone shows something else when the question comes.
  await tab.open('about:blank')
  const asked: Asked[] = []
  // The first wakes everybody and is not counted.
  for (let sample = 0; sample <= samples; sample++) {
    const one = await ask(stage, phone, user)
    if (sample > 0) asked.push(one)
  }
  const events = await eventsOf(stage, phone, asked.at(-1)?.askedAt ?? 0)
  await phone.close()
  return asked.map(({ askedAt, shownAt }) => {
    const event = events.find((at) => at >= askedAt)
    if (event === undefined || event > shownAt) throw new Error(`${engine}: no push event was seen`)
    return { eventMs: event - askedAt, shownMs: shownAt - askedAt }
  })
}

/** Asks, waits for the notification, and takes the question back, which is shown as well. */
async function ask({ deployment }: Stage, phone: Phone, user: string): Promise<Asked> {
  const question = nextNotification(phone, user)
  const askedAt = now()
  const [{ transactionId, notified }, shownAt] = await Promise.all([
    deployment.application.ask({ user }),
    question(),
  ])
  if (!notified) throw new Error('nobody was rung')
  const ending = nextNotification(phone, en.elsewhere.cancelled(asker))
  await deployment.application.cancel(transactionId)
  await ending()
  return { askedAt, shownAt }
}

/** A service worker may keep its last event a moment after the notification is seen. */
async function eventsOf({ deployment }: Stage, phone: Phone, lastAt: number): Promise<number[]> {
  const tab = await phone.browser().open(`${deployment.url}/app`)
  return until('what the service worker has kept', async () => {
    const urls = await tab.run(async () =>
      (await (await caches.open('bench')).keys()).map(({ url }) => url),
    )
    const events = urls
      .map((url) => Number(url.slice(url.lastIndexOf('/') + 1)))
      .toSorted((one, other) => one - other)
    return events.some((at) => at >= lastAt) && events
  })
}
