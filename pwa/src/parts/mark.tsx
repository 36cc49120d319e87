/** Our mark: an outlined stroke, answered by a solid one; together a tick. The same two paths as public/mark.svg. */

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 64 64" aria-hidden="true">
      <path stroke-width="3.2" d="M29 43.2 17.8 32A4 4 0 0 0 12.2 37.6L23.4 48.8" />
      <path stroke-width="11" stroke-linecap="round" d="M26.2 46 50.5 18.5" />
    </svg>
  )
}
