/** What every part of this page is made with: its words, a button that works once at a time, a line that is read aloud, a question. */
import { element } from '../docs/element.ts'
import { chooseLanguage } from '../welcome/language.ts'
import { Refused, SignedOut } from './call.ts'
import { texts } from './text.ts'

export const language = chooseLanguage()
export const text = texts[language]

/** Back to what one sees first, and with which words. */
export type Home = (words?: string) => Promise<void>

const main = document.querySelector('main')!

/** Moves the page on: who listens instead of looking begins at its heading. */
export function show(screen: string, ...parts: (Node | false)[]): void {
  main.dataset['screen'] = screen
  main.replaceChildren(...parts.filter((part) => part !== false))
  const heading = main.querySelector('h1')
  heading?.setAttribute('tabindex', '-1')
  heading?.focus()
}

export const line = (): HTMLParagraphElement => element('p', { class: 'line', role: 'status' })

/** @param said where what went wrong is told. */
export function button(
  words: string,
  said: HTMLElement,
  action: () => Promise<unknown>,
  { look = 'plain', name = words }: { look?: string; name?: string } = {},
): HTMLButtonElement {
  const made = element('button', { class: look, type: 'button' }, words)
  if (name !== words) made.setAttribute('aria-label', name)
  made.addEventListener('click', () => void busy(made, said, action))
  return made
}

let signedOut = (): void => undefined
/** Where one finds oneself when the session is over, whatever one was about to do. */
export const whenSignedOut = (go: () => void): void => void (signedOut = go)

export async function busy(
  pressed: HTMLButtonElement,
  said: HTMLElement,
  action: () => Promise<unknown>,
): Promise<void> {
  const hadFocus = document.activeElement === pressed
  pressed.disabled = true
  said.textContent = ''
  try {
    await action()
  } catch (error) {
    if (error instanceof SignedOut) signedOut()
    else said.textContent = wordsFor(error)
  } finally {
    pressed.disabled = false
    // A button that is disabled loses the focus: who uses no mouse would begin at the top again.
    if (hadFocus && pressed.isConnected && document.activeElement === document.body) pressed.focus()
  }
}

function wordsFor(error: unknown): string {
  if (!(error instanceof Refused)) return text.failed
  const { status, message } = error
  if (status === 0) return text.noPerson
  if (status === 401) return text.wrong
  if (status === 429) return text.slowDown
  if (status !== 403) return text.failed
  if (/15 minutes/.test(message)) return text.stale
  if (/limited/.test(message)) return text.tooMany
  return /password alone/.test(message) ? text.onlyLook : text.denied
}

export function field(
  label: string,
  attributes: Record<string, string>,
): { input: HTMLInputElement; labelled: HTMLLabelElement } {
  const input = element('input', attributes)
  return { input, labelled: element('label', {}, label, input) }
}

/** A question in front of everything else. Escape is no. */
export function confirms(title: string, ...body: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const dialog = element('dialog', { 'aria-labelledby': 'asked' })
    // No form: the page's policy lets none be sent, and not every engine tells that this one goes nowhere.
    const choice = (words: string, look: string, value: string) => {
      const made = element('button', { class: look, type: 'button' }, words)
      made.addEventListener('click', () => dialog.close(value))
      return made
    }
    dialog.append(
      element('h2', { id: 'asked' }, title),
      ...body.map((words) => element('p', {}, words)),
      element(
        'div',
        { class: 'row' },
        choice(text.yes, 'main', 'yes'),
        choice(text.back, 'plain', ''),
      ),
    )
    dialog.addEventListener('close', () => {
      dialog.remove()
      resolve(dialog.returnValue === 'yes')
    })
    document.body.append(dialog)
    dialog.showModal()
  })
}

export const copy = (words: string, said: HTMLElement): HTMLButtonElement =>
  button(text.copy, said, async () => {
    await navigator.clipboard.writeText(words)
    said.textContent = text.copied
  })

/** The day and the minute. */
export const exactly = (atSeconds: number): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(
    atSeconds * 1000,
  )

/** Today with the time, else the day. */
export function moment(atSeconds: number): string {
  const at = new Date(atSeconds * 1000)
  const isToday = at.toDateString() === new Date().toDateString()
  const style = isToday ? ({ timeStyle: 'short' } as const) : ({ dateStyle: 'medium' } as const)
  return new Intl.DateTimeFormat(language, style).format(at)
}
