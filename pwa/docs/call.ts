/** One call: a line that opens to its fields, its answer, its refusals and an example. */
import { curlOf } from './curl.ts'
import { element, prose } from './element.ts'
import type { Call, Field, Reader } from './reference.ts'
import { inEnvelope, shapeOf, typeOf } from './shape.ts'

/** The inside is made when it is first opened: a hundred of them at once would be slow on a phone. */
export function callElement(call: Call, reader: Reader): HTMLDetailsElement {
  const made = element(
    'details',
    { id: call.id, class: 'call' },
    element(
      'summary',
      {},
      element('span', { class: 'method' }, call.method),
      ' ',
      element('code', { class: 'path' }, ...breakable(call.path)),
      ' ',
      element('span', { class: 'does' }, call.does),
    ),
  )
  made.addEventListener('toggle', () => {
    if (made.open && made.childElementCount === 1) made.append(inside(call, reader))
  })
  return made
}

/** Long paths break after a slash, not in a word. */
const breakable = (path: string): Node[] =>
  path.split(/(?=\/)/).flatMap((part) => [element('wbr'), document.createTextNode(part)])

const titles: Record<Field['in'], string> = {
  path: 'In the path',
  header: 'Headers',
  query: 'In the query',
  form: 'In the query or the body',
}

function inside(call: Call, reader: Reader): HTMLElement {
  const places = ['path', 'header', 'query', 'form'] as const
  return element(
    'div',
    { class: 'inside' },
    call.more !== '' && element('p', {}, ...prose(call.more)),
    element('p', {}, element('b', {}, 'Who may call: '), ...prose(call.who), '.'),
    ...places.map((place) =>
      fieldList(
        titles[place],
        call.fields.filter((field) => field.in === place),
        reader,
      ),
    ),
    call.body !== null && group('In the body, as JSON', shapeOf(call.body, reader)),
    answer(call, reader),
    group(
      'Refused with',
      call.refusals.length > 0 &&
        element(
          'ul',
          { class: 'shape' },
          ...call.refusals.map(({ status, meaning }) =>
            element('li', {}, element('code', {}, status), ' ', ...prose(meaning)),
          ),
        ),
    ),
    example(curlOf(call, reader, location.origin)),
  )
}

const group = (title: string, ...content: (HTMLElement | string | false | undefined)[]) =>
  content.some(Boolean) && element('section', {}, element('h3', {}, title), ...content)

const fieldList = (title: string, fields: Field[], reader: Reader) =>
  group(
    title,
    fields.length > 0 &&
      element(
        'ul',
        { class: 'shape' },
        ...fields.map((field) =>
          element(
            'li',
            {},
            element('code', {}, field.name),
            ' ',
            element(
              'span',
              { class: 'type' },
              typeOf(field.schema, reader) + (field.required ? ', required' : ''),
            ),
            ' ',
            ...prose(field.meaning),
          ),
        ),
      ),
  )

function answer({ good }: Call, reader: Reader): HTMLElement | false {
  const title = `Answers ${good.status}${good.type === '' ? '' : `, ${good.type}`}`
  if (!good.schema) return group(title, element('p', {}, ...prose(good.meaning)))
  const wrapped = inEnvelope(good.schema)
  if (!wrapped) return group(title, shapeOf(good.schema, reader))
  const properties = {
    'result.value': wrapped.value,
    ...(wrapped.detail && { detail: wrapped.detail }),
  }
  return group(title, shapeOf({ properties, required: Object.keys(properties) }, reader))
}

function example(text: string): HTMLElement {
  const copy = element('button', { class: 'plain copy', type: 'button' }, 'Copy')
  copy.addEventListener('click', () => {
    navigator.clipboard.writeText(text).then(
      () => (copy.textContent = 'Copied'),
      () => (copy.textContent = 'Mark it and copy it'),
    )
  })
  return element(
    'section',
    {},
    element('h3', {}, 'Example'),
    element('pre', { tabindex: '0', role: 'group', 'aria-label': 'Example' }, text),
    copy,
  )
}
