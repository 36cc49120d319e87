/** Recovery codes: how many are left, and new ones, which are shown once. */
import { element } from '../docs/element.ts'
import { type Mine, call } from './call.ts'
import { type Home, button, confirms, copy, line, show, text } from './screen.ts'

export function codesPart({ devices }: Mine, home: Home): HTMLElement {
  const said = line()
  const kept = devices.filter(({ type, state }) => type === 'recovery' && state === 'ready')
  const left = kept.reduce((sum, one) => sum + (one.left ?? 0), 0)
  const make = button(kept.length > 0 ? text.codesReplace : text.codesMake, said, async () => {
    if (kept.length > 0 && !(await confirms(text.codesAsk, text.codesBody))) return
    // The new ones first: whatever breaks off in between, nobody is without.
    const { detail } = await call('POST', '/token/init', { type: 'recovery' })
    const codes = Object.values(detail['otps'] as Record<string, string>)
    for (const { serial } of kept) await call('DELETE', `/token/${serial}`)
    showCodes(codes, home)
  })
  return element(
    'section',
    { class: 'part' },
    element('h2', {}, text.codesTitle),
    element('p', { class: 'lead' }, text.codesLead),
    element('p', {}, kept.length > 0 ? text.codesLeft(left) : text.codesNone),
    element('div', { class: 'row' }, make),
    said,
  )
}

function showCodes(codes: string[], home: Home): void {
  const said = line()
  const print = button(text.print, said, async () => window.print())
  const done = button(text.codesKept, said, () => home(), { look: 'main' })
  show(
    'codes',
    element('h1', {}, text.codesTitle),
    element('p', { class: 'lead' }, text.codesNew),
    element(
      'ol',
      { class: 'paper', translate: 'no' },
      ...codes.map((code) => element('li', {}, element('code', {}, code))),
    ),
    element('div', { class: 'row' }, done, print, copy(codes.join('\n'), said)),
    said,
  )
}
