/**
 * The screen of a question as Lighthouse sees it on its mobile phone (a slow one on slow 4G, simulated): how soon a person can use it,
 * and how much script that takes. The app is enrolled and one question is open; once a push has brought it, as most often, and once
 * only the server knows of it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import lighthouse from 'lighthouse'
import puppeteer from 'puppeteer-core'
import { enrolInApp } from '../../support/person.ts'
import { type Phone, type Stage, setStage } from '../../support/stage.ts'
import { median, quantile } from '../load.ts'
import type { Findings, Row } from '../report.ts'
import { nextNotification, ringAlways } from '../ringing.ts'

const samples = 9
const most = { interactiveMs: 500, scriptBytes: 40_000 }
const ways = ['server', 'push'] as const
type Way = (typeof ways)[number]

type Seen = {
  interactiveMs: number
  paintMs: number
  blockedMs: number
  /** Without any slowing down, until the question stands there. */
  askedMs: number
  scripts: string[]
}

export async function approve(): Promise<Findings> {
  const stage = await setStage()
  try {
    await ringAlways(stage)
    const seen = { server: await look(stage, 'server'), push: await look(stage, 'push') }
    return findings(seen, await scriptBytes([...seen.push, ...seen.server]))
  } finally {
    await stage.end()
  }
}

async function look(stage: Stage, way: Way): Promise<Seen[]> {
  // It listens for Lighthouse at a port that it writes there.
  const profile = mkdtempSync(join(tmpdir(), 'countersign-approve-'))
  const browserArguments = ['--remote-debugging-port=0']
  const phone = await stage.phone('chromium', { profile, browserArguments })
  try {
    const { user } = await stage.person()
    const { link } = await stage.deployment.application.invite({ user })
    const notifications = way === 'push' ? 'turn on' : 'not now'
    const tab = await enrolInApp(phone.browser(), link, { notifications })
    await tab.open('about:blank')
    const [port] = readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').split('\n')
    const seen: Seen[] = []
    // The first reads everything from the disk and is not counted.
    for (let sample = 0; sample <= samples; sample++) {
      const one = await lookOnce({ stage, phone, user, way, port: Number(port) })
      if (sample > 0) seen.push(one)
    }
    return seen
  } finally {
    await phone.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

type Question = { stage: Stage; phone: Phone; user: string; way: Way; port: number }

async function lookOnce({ stage, phone, user, way, port }: Question): Promise<Seen> {
  const { application, url } = stage.deployment
  const rings = nextNotification(phone, user)
  const { transactionId } = await application.ask({ user })
  if (way === 'push') await rings()
  const browser = await puppeteer.connect({
    browserURL: `http://127.0.0.1:${port}`,
    defaultViewport: null,
  })
  const page = await browser.newPage()
  try {
    await page.evaluateOnNewDocument(watchForQuestion)
    const result = await lighthouse(
      `${url}/app`,
      { port, logLevel: 'error', disableStorageReset: true, onlyAudits },
      undefined,
      page as never,
    )
    if (!result || result.lhr.runtimeError) throw new Error(result?.lhr.runtimeError?.message)
    const askedMs = await page.evaluate(() => (globalThis as { askedMs?: number }).askedMs)
    if (askedMs === undefined) throw new Error('no question was shown')
    const of = (audit: Audit) => result.lhr.audits[audit]?.numericValue ?? NaN
    const requests = result.lhr.audits['network-requests']?.details as unknown as {
      items: { url: string; resourceType: string }[]
    }
    return {
      interactiveMs: of('interactive'),
      paintMs: of('largest-contentful-paint'),
      blockedMs: of('total-blocking-time'),
      askedMs,
      scripts: requests.items
        .filter(({ resourceType }) => resourceType === 'Script')
        .map((request) => request.url),
    }
  } finally {
    await page.close()
    await browser.disconnect()
    await application.cancel(transactionId)
  }
}

const onlyAudits = [
  'interactive',
  'largest-contentful-paint',
  'total-blocking-time',
  'network-requests',
] as const satisfies string[]
type Audit = (typeof onlyAudits)[number]

/** Runs in the page. */
function watchForQuestion(): void {
  const watch = new MutationObserver(() => {
    if (!document.querySelector('[data-screen="approve"] input')) return
    Object.assign(globalThis, { askedMs: performance.now() })
    watch.disconnect()
  })
  watch.observe(document, { subtree: true, childList: true, attributes: true })
}

async function scriptBytes(seen: Seen[]): Promise<number> {
  const sizes = [...new Set(seen.flatMap(({ scripts }) => scripts))].map(async (url) => {
    const script = await fetch(url)
    return gzipSync(await script.bytes()).length
  })
  return (await Promise.all(sizes)).reduce((sum, one) => sum + one, 0)
}

function findings(seen: Record<Way, Seen[]>, bytes: number): Findings {
  const of = (way: Way, name: Exclude<keyof Seen, 'scripts'>) => seen[way].map((one) => one[name])
  const interactiveMs = median(of('push', 'interactiveMs'))
  return {
    figures: [
      {
        name: 'the screen of a question that a push brought, interactive',
        mustReach: `at most ${most.interactiveMs} ms on Lighthouse’s phone`,
        measured: `${interactiveMs.toFixed(0)} ms`,
        reached: interactiveMs <= most.interactiveMs,
      },
      {
        name: 'its script, gzip',
        mustReach: `at most ${most.scriptBytes / 1000} kB`,
        measured: `${(bytes / 1000).toFixed(1)} kB`,
        reached: bytes > 1000 && bytes <= most.scriptBytes,
      },
    ],
    rows: ways.map((way): Row => ({
      'question from': way,
      samples: seen[way].length,
      'interactive p50 ms': median(of(way, 'interactiveMs')),
      'interactive p90': quantile(of(way, 'interactiveMs'), 0.9),
      'largest paint p50': median(of(way, 'paintMs')),
      'blocked p50': median(of(way, 'blockedMs')),
      'question here, not slowed, p50': median(of(way, 'askedMs')),
    })),
  }
}
