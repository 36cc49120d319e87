/** One device: what it is, how it does, and what may be done about it. */
import { element } from '../docs/element.ts'
import { type Device, type Mine, call, readMine } from './call.ts'
import { tryDevice } from './trial.ts'
import { type Home, button, busy, confirms, exactly, field, line, moment, text } from './screen.ts'

export function deviceRow(device: Device, mine: Mine, home: Home): HTMLLIElement {
  const { serial, type, state, added_at: added, used_at: used, held_until: held } = device
  const name = nameOf(device)
  const said = line()
  const act = (words: string, action: () => Promise<unknown>) =>
    button(words, said, action, { name: text.of(words, name) })
  const facts = [
    device.shows_codes ? text.withCodes : text.kind[type],
    text.state[state],
    held === null ? '' : text.held(exactly(held)),
    healthOf(device),
    text.added(moment(added)),
    used === null ? text.neverUsed : text.used(moment(used)),
  ].filter((fact) => fact !== '')
  const row = element(
    'li',
    { class: 'device', 'data-state': state, 'data-serial': serial },
    element('h2', {}, name),
    element('ul', { class: 'facts' }, ...facts.map((fact) => element('li', {}, fact))),
  )
  const acts: HTMLElement = element(
    'div',
    { class: 'row' },
    device.push?.subscribed === true &&
      state === 'ready' &&
      act(text.trial.start, () => tryDevice(device, said)),
    act(text.rename, async () => rename(row, acts, device, home)),
    state === 'ready' && act(text.lost, () => markLost(device, home)),
    state === 'off' && act(text.found, () => found(device, home)),
    act(text.remove, () => remove(device, mine, home)),
  )
  row.append(acts, said)
  return row
}

/** Later nobody has just allowed notifications there. */
const isNewForSeconds = 180

/** A new device allows notifications after it has finished: what is told of it follows, without a reload. */
export function devicesPart(mine: Mine, devices: Device[], home: Home): HTMLUListElement {
  const rows = new Map(devices.map((one) => [one, deviceRow(one, mine, home)]))
  for (const [{ serial, push, state, added_at: at }, row] of rows) {
    const isNew = Date.now() / 1000 - at < isNewForSeconds
    if (push?.subscribed !== false || state !== 'ready' || !isNew) continue
    const follow = async (): Promise<void> => {
      const { value } = await call('GET', `/me/devices/${serial}/ready?notifications=1`)
      const now = value === true && (await readMine()).devices.find((one) => one.serial === serial)
      // Not under somebody's hands.
      if (now && !row.contains(document.activeElement)) row.replaceWith(deviceRow(now, mine, home))
    }
    // Where it cannot be read, what stands there stays.
    void follow().catch(() => undefined)
  }
  return element('ul', { class: 'devices' }, ...rows.values())
}

export const nameOf = ({ name, type }: Device): string => name || text.unnamed[type]

function healthOf({ push, state }: Device): string {
  if (!push || state !== 'ready') return ''
  if (!push.subscribed) return text.pushOff
  return push.outcome === null || push.outcome === 'delivered' ? text.pushOn : text.pushFailed
}

function rename(row: HTMLElement, acts: HTMLElement, device: Device, home: Home): void {
  const said = line()
  const typed = field(text.newName(nameOf(device)), { maxlength: '80', required: '' })
  typed.input.value = nameOf(device)
  const submit = element('button', { class: 'main' }, text.save)
  const back = button(text.back, said, async () => {
    form.replaceWith(acts)
    acts.querySelector('button')?.focus()
  })
  const form = element(
    'form',
    {},
    typed.labelled,
    element('div', { class: 'row' }, submit, back),
    said,
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void busy(submit, said, async () => {
      const description = typed.input.value.trim()
      await call('POST', '/token/description', { serial: device.serial, description })
      await home(text.renamed)
    })
  })
  acts.replaceWith(form)
  typed.input.focus()
  typed.input.select()
}

async function remove(device: Device, mine: Mine, home: Home): Promise<void> {
  const ready = mine.devices.filter(({ state }) => state === 'ready')
  const isLast = device.state === 'ready' && ready.length === 1
  const asked = await confirms(
    text.removeAsk(nameOf(device)),
    device.type === 'passkey' ? text.removePasskey : text.removeBody,
    ...(isLast ? [text.removeLast] : []),
  )
  if (!asked) return
  await call('DELETE', `/token/${device.serial}`)
  await home(text.removed)
}

async function markLost(device: Device, home: Home): Promise<void> {
  if (!(await confirms(text.lostAsk(nameOf(device)), text.lostBody))) return
  await call('POST', '/token/disable', { serial: device.serial })
  await home(text.lostDone)
}

async function found({ serial }: Device, home: Home): Promise<void> {
  await call('POST', '/token/enable', { serial })
  await home(text.foundDone)
}
