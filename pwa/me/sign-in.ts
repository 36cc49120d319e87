/** Signing in: a name and a password, then the device is asked, or a one-time code of an administrator's. */
import { element } from '../docs/element.ts'
import { type Asked, answerTo, finishSignIn, ringAgain, signIn } from './call.ts'
import { busy, button, field, line, show, text } from './screen.ts'

type Go = (name: string) => Promise<void>

export function showSignIn(go: Go, words = ''): void {
  const said = line()
  said.textContent = words
  const plain = { autocapitalize: 'none', spellcheck: 'false' }
  const name = field(text.username, {
    ...plain,
    autocomplete: 'username',
    required: '',
    maxlength: '255',
  })
  const password = field(text.password, {
    type: 'password',
    autocomplete: 'current-password',
    maxlength: '1024',
  })
  const code = field(text.oneTimeCode, {
    ...plain,
    autocomplete: 'one-time-code',
    maxlength: '64',
    'aria-describedby': 'one-time-hint',
  })
  const submit = element('button', { class: 'main' }, text.signIn)
  const form = element(
    'form',
    {},
    name.labelled,
    password.labelled,
    element(
      'details',
      {},
      element('summary', {}, text.hasCode),
      code.labelled,
      element('p', { id: 'one-time-hint', class: 'line' }, text.oneTimeHint),
    ),
    submit,
    said,
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void busy(submit, said, async () => {
      const username = name.input.value.trim()
      const word = password.input.value
      // Typed anew where it was wrong.
      password.input.value = ''
      const asked = await signIn(username, word, code.input.value.trim())
      return asked ? showQuestion(asked, go) : go(username)
    })
  })
  show(
    'sign-in',
    element('h1', {}, text.title),
    element('p', { class: 'lead' }, text.signInLead),
    form,
  )
}

async function showQuestion(asked: Asked, go: Go): Promise<void> {
  const { code, sentTo, hasDevice } = asked
  const said = line()
  const leaving = new AbortController()
  const again = button(text.sendAgain, said, async () => {
    await ringAgain(asked)
    said.textContent = text.sentAgain
  })
  const over = button(
    text.startOver,
    said,
    async () => {
      leaving.abort()
      showSignIn(go)
    },
    { look: 'quiet' },
  )
  const typed = typedForm(asked, go, leaving)
  if (!hasDevice) {
    show('typing', element('h1', {}, text.noDevice), typed, element('div', { class: 'row' }, over))
    return
  }
  show(
    'question',
    element('h1', {}, text.isItYou),
    element('p', { class: 'how' }, code === null ? text.approveOnDevice : text.typeOnDevice),
    code !== null && element('p', { class: 'code', translate: 'no' }, code),
    said,
    element('div', { class: 'row' }, again, over),
    element('details', {}, element('summary', {}, text.noDeviceAtHand), typed),
  )
  said.textContent = sentTo.length > 0 ? text.sentTo(sentTo) : text.openApp
  void waitForAnswer(asked, go, { leaving, said, again, over })
}

type Waiting = {
  leaving: AbortController
  said: HTMLElement
  again: HTMLButtonElement
  over: HTMLButtonElement
}

async function waitForAnswer(asked: Asked, go: Go, waiting: Waiting): Promise<void> {
  const { leaving, said, again, over } = waiting
  const status = await answerTo(asked, leaving.signal)
  if (leaving.signal.aborted) return
  if (status !== 'accept') return ended(status, said, again)
  leaving.abort()
  await busy(over, said, async () => {
    await finishSignIn(asked)
    await go(asked.username)
  })
}

function ended(status: string, said: HTMLElement, again: HTMLButtonElement): void {
  again.remove()
  for (const asking of document.querySelectorAll('main > :is(.how, .code, details)'))
    asking.remove()
  said.textContent = text.ended[status] ?? text.failed
}

function typedForm(asked: Asked, go: Go, leaving: AbortController): HTMLElement {
  const said = line()
  const typed = field(text.typedCode, {
    autocomplete: 'one-time-code',
    autocapitalize: 'characters',
    spellcheck: 'false',
    maxlength: '64',
    required: '',
    'aria-describedby': 'typed-hint',
  })
  const submit = element('button', { class: asked.hasDevice ? 'plain' : 'main' }, text.goOn)
  const hint = element('p', { id: 'typed-hint', class: 'line' }, text.typedHint)
  const form = element('form', {}, typed.labelled, hint, submit, said)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void busy(submit, said, async () => {
      await finishSignIn(asked, typed.input.value.trim())
      leaving.abort()
      await go(asked.username)
    })
  })
  return form
}
