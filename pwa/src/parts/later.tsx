/** A component whose code is fetched when it is first shown. */
import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'

export function later<Props extends object>(
  fetch: () => Promise<ComponentType<Props>>,
  /** null for a part of a screen that is there already. */
  meanwhile: null | 'busy' = 'busy',
): ComponentType<Props> {
  const arrived = signal<{ Now: ComponentType<Props> } | null>(null)
  let asked = false
  return function Later(props: Props) {
    if (arrived.value) return <arrived.value.Now {...props} />
    if (!asked) {
      asked = true
      void fetch()
        .then((Now) => {
          arrived.value = { Now }
        })
        .catch(() => {
          // A chunk that did not come is asked for again the next time.
          asked = false
        })
    }
    return meanwhile && <main class="screen" data-screen="busy" aria-busy="true" />
  }
}
