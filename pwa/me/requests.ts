/** What was asked in a person's name lately, and "It wasn't me" afterwards. */
import { element } from '../docs/element.ts'
import type { Mine } from './call.ts'
import { nameOf } from './devices.ts'
import { requestTexts } from './request-text.ts'
import { type Asked, type Reported, readRequests, report } from './requests-call.ts'
import { type Home, button, confirms, exactly, language, line, show } from './screen.ts'

const text = requestTexts[language]
/** The others are behind a button. */
const shownFirst = 6

/** Comes by itself: the devices need not wait for it. */
export function requestsPart(mine: Mine, home: Home): HTMLElement {
  const said = line()
  const part = element(
    'section',
    { class: 'part' },
    element('h2', {}, text.title),
    element('p', { class: 'lead' }, text.lead),
    said,
  )
  void readRequests().then(
    (asked) => {
      if (asked.length === 0) said.textContent = text.none
      else part.append(...listOf(asked, mine, home))
    },
    () => (said.textContent = text.unread),
  )
  return part
}

function listOf(asked: Asked[], mine: Mine, home: Home): HTMLElement[] {
  const rows = asked.map((one) => rowOf(one, mine, home))
  const list = element('ul', { class: 'devices' }, ...rows.slice(0, shownFirst))
  const more = rows.slice(shownFirst)
  if (more.length === 0) return [list]
  const all = button(text.showAll, line(), async () => {
    list.append(...more)
    all.remove()
    more[0]?.querySelector<HTMLElement>('h3')?.focus()
  })
  return [list, all]
}

function rowOf(asked: Asked, mine: Mine, home: Home): HTMLLIElement {
  const said = line()
  const when = exactly(asked.asked_at)
  const title = titleOf(asked)
  const notMe = button(text.notMe, said, () => say(asked, mine, home), {
    name: text.of(title, when),
  })
  const facts = [when, text.origin(asked), agentOf(asked), outcomeOf(asked, mine)]
  return element(
    'li',
    { class: 'device', 'data-outcome': asked.outcome },
    element('h3', { tabindex: '-1' }, title),
    element(
      'ul',
      { class: 'facts' },
      ...facts.filter((fact) => fact !== '').map((fact) => element('li', {}, fact)),
    ),
    asked.reported
      ? element('p', { class: 'reported' }, text.reported)
      : element('div', { class: 'row' }, notMe),
    said,
  )
}

function titleOf({ application, purpose, new_device: added }: Asked): string {
  if (purpose === 'move') return text.move(added ?? '')
  return application ?? text.here
}

function agentOf({ origin: { agent } }: Asked): string {
  const { browser, system } = agent ?? {}
  return browser && system ? text.agent(browser, system) : (browser ?? system ?? '')
}

function outcomeOf(asked: Asked, mine: Mine): string {
  const words = text.outcome[asked.outcome]
  const device = deviceOf(asked, mine)
  return device === null ? words : text.on(words, device)
}

/** As it is called now, and where it is gone as it was called then. */
function deviceOf({ device }: Asked, { devices }: Mine): string | null {
  if (!device) return null
  const own = devices.find(({ serial }) => serial === device.serial)
  return (own ? nameOf(own) : device.name) || null
}

async function say(asked: Asked, mine: Mine, home: Home): Promise<void> {
  const { outcome } = asked
  const body =
    outcome === 'approved' ? text.askApproved : outcome === 'waiting' ? text.askOpen : text.askOther
  if (!(await confirms(text.ask, `${titleOf(asked)}, ${exactly(asked.asked_at)}.`, body))) return
  showReported(asked, await report(asked.id), mine, home)
}

function showReported(asked: Asked, done: Reported, mine: Mine, home: Home): void {
  const { application, outcome } = asked
  const device = deviceOf(asked, mine)
  const said = line()
  const happened = [
    text.noted,
    done.stopped && text.stopped,
    done.device_stopped && text.deviceStopped,
    done.ended && text.ended,
    outcome !== 'approved' && text.nobody,
    application !== null &&
      (done.told ? text.told(application) : outcome === 'approved' && text.notTold(application)),
  ]
  const next = [
    outcome === 'approved' ? text.password : text.passwordMaybe,
    outcome === 'approved' && device !== null && text.device(device),
    text.devices,
  ]
  const list = (words: (string | false)[]) =>
    element(
      'ul',
      { class: 'steps' },
      ...words.filter((one) => one !== false).map((one) => element('li', {}, one)),
    )
  show(
    'reported',
    element('h1', {}, text.done),
    element('h2', {}, text.happened),
    list(happened),
    element('h2', {}, text.next),
    list(next),
    element(
      'div',
      { class: 'row' },
      button(text.back, said, () => home(), { look: 'main' }),
    ),
    said,
  )
}
