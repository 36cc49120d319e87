/** The empty field for the code: one real input, drawn as four cells. Forgives case, blanks, hyphens, and O, I and L. */
import type { TargetedInputEvent } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { crockfordAlphabet, normaliseCrockford } from '../../../schema/crockford.ts'
import { codeLength } from '../../../schema/limits.ts'

type CodeFieldProps = {
  value: string
  label: string
  disabled: boolean
  /** Ids of what a screen reader reads with the field. */
  describedBy: string
  onChange: (code: string) => void
}

const cells = Array.from({ length: codeLength }, (_, place) => place)

/** With a mouse and a keyboard the field is ready at once; on a phone the keyboard would cover what is asked. */
export const focusesItself = (): boolean => matchMedia('(hover: hover) and (pointer: fine)').matches

export function CodeField({ value, label, disabled, describedBy, onChange }: CodeFieldProps) {
  const field = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => {
    if (focusesItself()) field.current?.focus({ preventScroll: true })
  }, [])

  function typed(event: TargetedInputEvent<HTMLInputElement>): void {
    const input = event.currentTarget
    const caret = input.selectionStart ?? input.value.length
    const clean = [...normaliseCrockford(input.value)]
      .filter((character) => crockfordAlphabet.includes(character))
      .slice(0, codeLength)
      .join('')
    if (input.value !== clean) {
      input.value = clean
      input.setSelectionRange(caret, caret)
    }
    onChange(clean)
  }

  return (
    <div class="code-field">
      <label for="code">{label}</label>
      <div class="cells">
        {cells.map((place) => (
          <span
            key={place}
            class={place === value.length ? 'cell next' : 'cell'}
            aria-hidden="true"
          />
        ))}
        <input
          ref={field}
          id="code"
          name="code"
          type="text"
          inputMode="text"
          autocomplete="off"
          autocapitalize="characters"
          autocorrect="off"
          spellcheck={false}
          enterkeyhint="go"
          aria-describedby={describedBy}
          value={value}
          disabled={disabled}
          onInput={typed}
        />
      </div>
    </div>
  )
}
