/** A sentence that needs attention: what happened and what to do. Never by colour alone. */
import type { ComponentChildren } from 'preact'
import { Icon } from './icon.tsx'

export function Notice({ children, id }: { children: ComponentChildren; id?: string }) {
  return (
    <p class="notice" role="alert" id={id}>
      <Icon name="warning" />
      <span>{children}</span>
    </p>
  )
}
