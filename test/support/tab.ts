/// <reference lib="dom" />
/**
 * One page in a real browser, the same for Chromium, Firefox and WebKitGTK. Things are found as a person finds them, by
 * role and name, and pressed with trusted input. The engines supply the primitives; nothing here knows which one it is.
 */
import { until } from './until.ts'

export type Role = 'button' | 'link' | 'textbox' | 'heading' | 'checkbox' | 'radio' | 'combobox'
export type Name = string | RegExp
export type Script<Given extends unknown[], Result> = (...given: Given) => Result

export type Key = 'Tab' | 'Enter' | 'Escape'

export type FoundElement = { click(): Promise<void>; type(text: string): Promise<void> }

/** What each engine brings. Scripts run in the page and see nothing of the test but their arguments. */
export type TabEngine = {
  open(address: string): Promise<void>
  reload(): Promise<void>
  address(): Promise<string>
  run<Given extends unknown[], Result>(
    script: Script<Given, Result>,
    ...given: Given
  ): Promise<Awaited<Result>>
  /** Runs source text, as a developer's console does. */
  inject(source: string): Promise<void>
  find<Given extends unknown[]>(
    script: Script<Given, Element | null>,
    ...given: Given
  ): Promise<FoundElement | null>
  /** A key, wherever the focus is. */
  key(name: Key): Promise<void>
  /** A text, into whatever has the focus. */
  write(text: string): Promise<void>
  picture(file: string): Promise<void>
  close(): Promise<void>
}

export type Tab = Omit<TabEngine, 'find'> & {
  /** Waits for the visible, enabled thing of that role and name, and presses it. */
  press(role: Role, name: Name, withinMs?: number): Promise<void>
  /** Waits for the field with that label and types into it. */
  type(label: Name, text: string): Promise<void>
  has(role: Role, name: Name): Promise<boolean>
  /** Waits until the page's visible text suits, and returns it. */
  sees(text: Name, withinMs?: number): Promise<string>
  text(): Promise<string>
  /** Waits for <main data-screen="…">. */
  waitForScreen(name: string, withinMs?: number): Promise<void>
}

/** A script and what it is given, as text to run in a page: the same way into every engine. */
export const callText = <Given extends unknown[]>(
  script: Script<Given, unknown>,
  given: Given,
): string => `(${script})(...${JSON.stringify(given)})`

export function tabOf(engine: TabEngine): Tab {
  const text = () => engine.run(visibleText)
  const findBy = (role: Role, name: Name) => engine.find(elementByRole, role, ...pattern(name))
  const act = (
    role: Role,
    name: Name,
    action: (found: FoundElement) => Promise<void>,
    withinMs = 15_000,
  ) =>
    until(
      `the ${role} ${name}`,
      async () => {
        const found = await findBy(role, name)
        if (!found) return false
        await action(found)
        return true
      },
      withinMs,
    )
  return {
    ...engine,
    text,
    async press(role, name, withinMs) {
      await act(role, name, (found) => found.click(), withinMs)
    },
    async type(label, typed) {
      await act('textbox', label, (found) => found.type(typed))
    },
    has: async (role, name) => (await findBy(role, name)) !== null,
    async sees(wanted, withinMs) {
      let last = ''
      const suits = (seen: string) =>
        typeof wanted === 'string' ? seen.includes(wanted) : wanted.test(seen)
      return until(
        `"${wanted}" on the page`,
        async () => suits((last = await text())) && last,
        withinMs,
      ).catch((error: unknown) => {
        throw new Error(`the page never said "${wanted}"; it says:\n${last}`, { cause: error })
      })
    },
    async waitForScreen(name, withinMs) {
      await until(`the screen "${name}"`, () => engine.run(screenIs, name), withinMs).catch(
        async (error: unknown) => {
          const seen = await text()
          throw new Error(`never at the screen "${name}"; it says:\n${seen}`, { cause: error })
        },
      )
    },
  }
}

function pattern(name: Name): [source: string, flags: string] {
  if (name instanceof RegExp) return [name.source, name.flags]
  return [`^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, '']
}

const visibleText = (): string => document.body?.innerText ?? ''

const screenIs = (name: string): boolean =>
  document.querySelector('main')?.getAttribute('data-screen') === name

/** Runs in the page, so it holds everything it needs: the shortest honest reading of an accessible name. */
function elementByRole(role: string, source: string, flags: string): Element | null {
  const selectors: Record<string, string> = {
    button: 'button, [role=button], summary, input[type=submit]',
    link: 'a[href]',
    textbox: 'input:not([type=checkbox]):not([type=radio]):not([type=submit]), textarea',
    heading: 'h1, h2, h3, h4',
    checkbox: 'input[type=checkbox], [role=switch], [role=checkbox]',
    radio: 'input[type=radio], [role=radio]',
    combobox: 'select, [role=combobox]',
  }
  const wanted = new RegExp(source, flags)
  const textOf = (ids: string | null) =>
    (ids ?? '')
      .split(/\s+/)
      .map((id) => document.getElementById(id)?.textContent ?? '')
      .join(' ')
  const nameOf = (element: Element): string => {
    const labels = 'labels' in element ? [...((element as HTMLInputElement).labels ?? [])] : []
    const names = [
      textOf(element.getAttribute('aria-labelledby')),
      element.getAttribute('aria-label') ?? '',
      labels.map((label) => label.textContent ?? '').join(' '),
      element instanceof HTMLElement ? element.innerText : (element.textContent ?? ''),
      element.getAttribute('title') ?? '',
    ]
    return (names.find((name) => name.trim() !== '') ?? '').replace(/\s+/g, ' ').trim()
  }
  const usable = (element: Element) =>
    element.checkVisibility({ visibilityProperty: true }) &&
    !element.matches(':disabled, [inert] *')
  const candidates = [...document.querySelectorAll(selectors[role] ?? `[role=${role}]`)]
  return candidates.find((element) => usable(element) && wanted.test(nameOf(element))) ?? null
}
