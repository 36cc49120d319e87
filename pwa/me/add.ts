/** Adding a device: the invitation as a picture, as a link and as a code to type, until the device has finished. */
import { element } from '../docs/element.ts'
import { drawQrCode } from '../try/qr-code.ts'
import { call } from './call.ts'
import { type Home, busy, button, copy, line, show, text } from './screen.ts'

/** @param waiting one that was begun and never finished: its place is taken again, and its invitation is void. */
export async function showAdd(home: Home, waiting: string | undefined): Promise<void> {
  const init = { type: 'push', genkey: 1, ...(waiting !== undefined && { serial: waiting }) }
  const { detail } = await call('POST', '/token/init', init)
  const { serial, enrolment_url: link, enrolment_code: code } = detail as Record<string, string>
  const said = line()
  said.textContent = text.addWait
  const copied = line()
  const picture = element('div', { class: 'qr', role: 'img', 'aria-label': text.addBody })
  let left = false
  const back = button(text.back, said, async () => {
    left = true
    await home()
  })
  show(
    'add',
    element('h1', {}, text.addTitle),
    element('p', { class: 'lead' }, text.addBody),
    picture,
    element('p', { class: 'label' }, text.addLink),
    element('p', {}, element('code', { class: 'link', translate: 'no' }, link ?? '')),
    element('div', { class: 'row' }, copy(link ?? '', copied), copied),
    element('p', { class: 'label' }, text.addCode),
    element('p', { class: 'typed', translate: 'no' }, (code ?? '').replace(/(.{4})(?=.)/g, '$1 ')),
    said,
    element('div', { class: 'row' }, back),
  )
  await drawQrCode(picture, link ?? '')
  void call('GET', `/me/devices/${serial}/ready`).then(
    ({ value }) => (left ? undefined : home(value === true ? text.addDone : text.addLate)),
    (error: unknown) => (left ? undefined : busy(back, said, () => Promise.reject(error as Error))),
  )
}
