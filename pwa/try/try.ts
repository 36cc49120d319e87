/**
 * The Try-it page: a login and its device side by side. This file moves the page from step to step; what an application
 * has to do is login.ts, which the page also shows as it is.
 */
import '../welcome/page.css'
import './try.css'
import { chooseLanguage } from '../welcome/language.ts'
import { type Answer, type Device, type Question, connect } from './login.ts'
import source from './login.ts?raw'
import { drawQrCode } from './qr-code.ts'
import { texts } from './text.ts'

const text = texts[chooseLanguage()]
const kept = 'countersign.try'
const part = <Kind extends HTMLElement>(id: string): Kind => document.getElementById(id) as Kind
const show = (id: string, shown = true) => void (part(id).hidden = !shown)
const say = (id: string, words: string) => void (part(id).textContent = words)

let countersign: Awaited<ReturnType<typeof connect>>
let device: Pick<Device, 'user' | 'serial'> | null = null
let question: Question | null = null

/** A step is `waiting`, `current` or `done`; the style sheet shows the rest. */
function go(step: 1 | 2 | 3): void {
  for (const each of [1, 2, 3]) {
    part(`step-${each}`).dataset.state =
      each < step ? 'done' : each === step ? 'current' : 'waiting'
  }
}

/** Runs what a button asks for, one at a time, and says what went wrong. */
function on(button: string, line: string, action: () => Promise<void>): void {
  part(button).addEventListener('click', async () => {
    const pressed = part<HTMLButtonElement>(button)
    pressed.disabled = true
    try {
      await action()
    } catch (error) {
      say(line, text.failed(error instanceof Error ? error.message : String(error)))
    } finally {
      pressed.disabled = false
    }
  })
}

function openDevice(address: string): Window | null {
  return window.open(address, 'countersign-device', 'popup,width=412,height=860')
}

async function enrol(): Promise<void> {
  // Opened while the click is still fresh: after an answer from the network it would count as a pop-up.
  const opened = openDevice('about:blank')
  say('enrol-line', text.opening)
  try {
    const made = await countersign.enrol(`visitor-${crypto.randomUUID().slice(0, 8)}`, 'Visitor')
    if (opened) opened.location.href = made.link
    part<HTMLAnchorElement>('enrol-link').href = made.link
    say('enrol-code', made.code.replace(/(.{4})(?=.)/g, '$1 '))
    show('enrol-other')
    // Without TLS another phone has neither keys nor a service worker to offer.
    if (location.protocol === 'https:') await drawQrCode(part('enrol-qr'), made.link)
    say('enrol-line', text.waitingForDevice)
    while (!(await countersign.isEnrolled(made.serial))) await seconds(0.7)
    localStorage.setItem(kept, JSON.stringify({ user: made.user, serial: made.serial }))
    enrolled(made)
  } catch (error) {
    opened?.close()
    throw error
  }
}

function enrolled(found: Pick<Device, 'user' | 'serial'>): void {
  device = found
  show('enrol-other', false)
  say('enrol-line', text.enrolled(found.serial))
  go(2)
  part('ask').focus()
}

async function ask(): Promise<void> {
  if (!device) return
  go(2)
  say('ask-line', text.asking)
  const askedAtMs = Date.now()
  question = await countersign.ask(device.user)
  show('ask', false)
  show('question')
  say('code', question.code)
  say('ask-line', question.sentTo.length ? text.sentTo(question.sentTo) : text.sentNowhere)
  part('step-2').scrollIntoView({ block: 'nearest' })
  const counting = countSeconds(askedAtMs)
  const answer = await countersign.answer(question.transaction)
  const knownAtMs = Date.now()
  clearInterval(counting)
  show('question', false)
  show('late', false)
  show('ask')
  say('ask-line', '')
  await result(answer, { askedAtMs, knownAtMs })
}

/** From the tenth second on there is something to do but wait. */
function countSeconds(askedAtMs: number): ReturnType<typeof setInterval> {
  return setInterval(() => {
    const passed = Math.floor((Date.now() - askedAtMs) / 1000)
    say('asked', text.seconds(passed))
    show('late', passed >= 10)
  }, 250)
}

async function result(
  answer: Answer,
  times: { askedAtMs: number; knownAtMs: number },
): Promise<void> {
  if (!device || !question) return
  go(3)
  part('step-3').scrollIntoView({ block: 'nearest' })
  const [word, meaning] = text.outcome[answer.status] ?? [answer.status, '']
  part('step-3').dataset.outcome = answer.status
  say('outcome', word)
  say('meaning', meaning)
  const { answeredAtMs } = answer
  show('known', answeredAtMs !== null)
  say('known-ms', text.milliseconds(Math.max(0, times.knownAtMs - (answeredAtMs ?? 0))))
  say('asked-ms', text.milliseconds(times.knownAtMs - times.askedAtMs))
  say('redeem-line', '')
  show('again', answer.status === 'accept')
  show('receipt', false)
  if (answer.status !== 'accept') return
  const { accepted, receipt, message } = await countersign.redeem(device.user, question.transaction)
  say('redeem-line', accepted ? text.redeemed : text.notRedeemed(message ?? ''))
  say('redeem-ms', text.milliseconds(Date.now() - times.knownAtMs))
  if (!receipt) return
  show('receipt')
  say('receipt-text', readable(receipt))
}

async function redeemAgain(): Promise<void> {
  if (!device || !question) return
  const { accepted } = await countersign.redeem(device.user, question.transaction)
  say('redeem-line', accepted ? text.acceptedAgain : text.refusedAgain)
}

/** The claims of a JWS, for reading: it is not checked here. */
function readable(jws: string): string {
  const bytes = atob((jws.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))
  const claims = new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)))
  return JSON.stringify(JSON.parse(claims), null, 2)
}

const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000))

async function begin(): Promise<void> {
  say('source', source)
  countersign = await connect()
  const stored = localStorage.getItem(kept)
  if (!stored) return go(1)
  const known = JSON.parse(stored) as { user: string; serial: string }
  if (await countersign.isEnrolled(known.serial).catch(() => false)) return enrolled(known)
  localStorage.removeItem(kept)
  say('enrol-line', text.noDevice)
  go(1)
}

on('enrol', 'enrol-line', enrol)
on('ask', 'ask-line', ask)
on('ask-again', 'ask-line', ask)
on('send-again', 'ask-line', async () => {
  if (!question) return
  await countersign.sendAgain(question.transaction)
  say('ask-line', text.sentAgain)
})
on('cancel', 'ask-line', async () => {
  if (question) await countersign.cancel(question.transaction)
})
on('again', 'redeem-line', redeemAgain)
on('copy', 'copy-line', async () => {
  await navigator.clipboard.writeText(source)
  say('copy-line', text.copied)
})
for (const button of document.querySelectorAll('[data-open-device]'))
  button.addEventListener('click', () => void openDevice('/app'))

await begin().catch((error: unknown) => say('enrol-line', text.failed(String(error))))
