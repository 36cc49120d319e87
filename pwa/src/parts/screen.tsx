/** The frame of every screen: one heading, which takes the focus when the screen appears so that it is read aloud. */
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { Icon } from './icon.tsx'

type ScreenProps = {
  /** Where we are, in a word. */
  name: string
  title: ComponentChildren
  /** The heading's plain words, for the window's title. */
  plainTitle: string
  /** A way back, where there is one. */
  back?: { label: string; go: () => void } | undefined
  /** Something of the screen's own takes the focus instead. */
  keepsFocus?: boolean
  /** Above the heading: a picture, a mark, a step. */
  above?: ComponentChildren
  centred?: boolean
  children: ComponentChildren
}

export function Screen(props: ScreenProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  // With the screen, not after its first painting: a page that is slow, or not in front, paints late, and whoever types by then would lose what they type.
  useLayoutEffect(() => {
    if (!props.keepsFocus) heading.current?.focus({ preventScroll: true })
    scrollTo(0, 0)
  }, [props.name])
  useEffect(() => {
    document.title = `${props.plainTitle} · Countersign`
  }, [props.plainTitle])
  return (
    <main class={props.centred ? 'screen centred' : 'screen'} data-screen={props.name}>
      {props.back && (
        <button type="button" class="back" onClick={props.back.go}>
          <Icon name="back" />
          {props.back.label}
        </button>
      )}
      {props.above}
      <h1 tabIndex={-1} ref={heading}>
        {props.title}
      </h1>
      {props.children}
    </main>
  )
}
