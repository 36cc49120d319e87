/** What whoever is signed in sees: their devices, recovery codes, and what was asked in their name. */
import { element } from '../docs/element.ts'
import { showAdd } from './add.ts'
import { forgetSession, readMine } from './call.ts'
import { codesPart } from './codes.ts'
import { devicesPart } from './devices.ts'
import { requestsPart } from './requests.ts'
import { passkeyButton } from './passkey.ts'
import { type Home, button, line, show, text } from './screen.ts'
import { showSignIn } from './sign-in.ts'

export async function showHome(name: string, words = ''): Promise<void> {
  const home: Home = (more) => showHome(name, more)
  const mine = await readMine()
  const said = line()
  // A passkey that was begun and not finished gives way to the next.
  const devices = mine.devices.filter(
    ({ type, state }) => type !== 'recovery' && !(type === 'passkey' && state === 'waiting'),
  )
  const waiting = devices.find(({ type, state }) => type === 'push' && state === 'waiting')
  const signOut = button(
    text.signOut,
    said,
    async () => {
      forgetSession()
      showSignIn(showHome)
    },
    { look: 'quiet' },
  )
  show(
    'home',
    element('h1', {}, text.title),
    element('div', { class: 'who' }, element('span', {}, text.signedInAs(name)), signOut),
    said,
    !mine.approved && element('p', { class: 'note' }, text.onlyLook),
    devices.length === 0
      ? element('p', { class: 'lead' }, text.none)
      : devicesPart(mine, devices, home),
    element(
      'div',
      { class: 'row' },
      button(text.add, said, () => showAdd(home, waiting?.serial), { look: 'main' }),
      passkeyButton(said, home),
    ),
    codesPart(mine, home),
    requestsPart(mine, home),
  )
  said.textContent = words
}
