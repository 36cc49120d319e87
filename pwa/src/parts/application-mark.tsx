/** An application's initial on a quiet tile. */

export function ApplicationMark({ name, small }: { name: string; small?: boolean }) {
  const [initial = '?'] = name.trim()
  return (
    <span class={small ? 'application-mark small' : 'application-mark'} aria-hidden="true">
      {initial.toLocaleUpperCase()}
    </span>
  )
}
