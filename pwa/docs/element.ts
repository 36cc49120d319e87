/** Elements in one expression. Text stays text: nothing here reads markup. */
type Child = Node | string | false | undefined

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.append(...children.filter((child) => child !== false && child !== undefined))
  return made
}

/** A sentence in which `words` between backticks are code. */
export const prose = (text: string): Child[] =>
  text.split('`').map((part, index) => (index % 2 === 1 ? element('code', {}, part) : part))
