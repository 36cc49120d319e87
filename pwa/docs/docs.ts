/** The API reference: what /openapi.json says, by groups, with a field that finds. */
import '../welcome/page.css'
import './docs.css'
import { callElement } from './call.ts'
import { element, prose } from './element.ts'
import { type Call, Reader, type Reference } from './reference.ts'

const byId = (id: string) => document.querySelector<HTMLElement>(`#${id}`)!
const calls = byId('calls')
const find = byId('find') as HTMLInputElement

type Line = { line: HTMLDetailsElement; words: string }
type Group = { section: HTMLElement; link: HTMLElement; lines: Line[] }

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

/** What a call can be found by. */
const wordsOf = ({ method, path, does, more, who, fields }: Call): string =>
  [method, path, does, more, who, ...fields.flatMap(({ name, meaning }) => [name, meaning])]
    .join(' ')
    .toLowerCase()

function show(reader: Reader): Group[] {
  const all = reader.calls()
  byId('about').append(
    ...reader.reference.info.description
      .split('\n\n')
      .map((paragraph) => element('p', {}, ...prose(paragraph))),
  )
  return reader.reference.tags.map(({ name, description }) => {
    const lines = all
      .filter(({ surface }) => surface === name)
      .map((call) => ({ line: callElement(call, reader), words: wordsOf(call) }))
    const section = element(
      'section',
      { id: name, 'aria-labelledby': `${name}-title` },
      element('h2', { id: `${name}-title` }, capital(name)),
      element('p', { class: 'soft' }, description),
      ...lines.map(({ line }) => line),
    )
    const link = element('a', { href: `#${name}` }, capital(name))
    calls.append(section)
    byId('surfaces').append(link)
    return { section, link, lines }
  })
}

function filter(groups: Group[]): void {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean)
  let found = 0
  for (const { section, link, lines } of groups) {
    let here = 0
    for (const { line, words: own } of lines) {
      line.hidden = !words.every((word) => own.includes(word))
      if (!line.hidden) here++
    }
    section.hidden = link.hidden = here === 0
    found += here
  }
  byId('found').textContent =
    found === 0
      ? 'Nothing has this. Try fewer words.'
      : `${found} ${found === 1 ? 'call' : 'calls'}`
}

/** A link to a call opens it, whatever was being looked for. */
function openNamed(groups: Group[]): void {
  const id = decodeURIComponent(location.hash.slice(1))
  const named = groups
    .flatMap(({ section, lines }) => [section, ...lines.map(({ line }) => line)])
    .find((one) => one.id === id)
  if (!named) return
  if (named.hidden) {
    find.value = ''
    filter(groups)
  }
  if (named instanceof HTMLDetailsElement) named.open = true
  named.scrollIntoView()
}

/** Opening a call makes its address one that can be passed on. */
const keepAddress = (event: Event): void => {
  const { target } = event
  if (target instanceof HTMLDetailsElement && target.open)
    history.replaceState(null, '', `#${target.id}`)
}

function keys(event: KeyboardEvent): void {
  const typing = event.target instanceof HTMLInputElement
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  find.focus()
}

async function start(): Promise<void> {
  const answered = await fetch('/openapi.json')
  if (!answered.ok) throw new Error(`/openapi.json: ${answered.status}`)
  const groups = show(new Reader((await answered.json()) as Reference))
  filter(groups)
  openNamed(groups)
  find.addEventListener('input', () => filter(groups))
  addEventListener('keydown', keys)
  addEventListener('hashchange', () => openNamed(groups))
  calls.addEventListener('toggle', keepAddress, { capture: true })
}

start().catch(() => {
  calls.replaceChildren(
    element('p', { role: 'alert' }, 'The reference could not be loaded. Open this page again.'),
  )
})
