/** How long the question is still good: a ring that empties, and the seconds in it. */
import { useEffect } from 'preact/hooks'
import { announce } from './announcer.tsx'
import { text } from '../text/text.ts'

/** Said aloud at these moments only; every second would drown the question. */
const spokenAtSeconds = [30, 10]

export function CountdownRing({
  secondsLeft,
  ofSeconds,
}: {
  secondsLeft: number
  ofSeconds: number
}) {
  const words = text.value.approve
  useEffect(() => {
    if (spokenAtSeconds.includes(secondsLeft)) announce(words.soonOver(secondsLeft))
  }, [secondsLeft])
  const gone = 100 - (100 * Math.max(0, secondsLeft)) / Math.max(1, ofSeconds)
  return (
    <span
      class={secondsLeft <= 15 ? 'ring soon' : 'ring'}
      role="timer"
      aria-label={words.secondsLeft(secondsLeft)}
    >
      <svg viewBox="0 0 44 44" aria-hidden="true">
        <circle class="track" cx="22" cy="22" r="19" />
        <circle
          class="left"
          cx="22"
          cy="22"
          r="19"
          pathLength={100}
          stroke-dasharray="100"
          stroke-dashoffset={gone}
        />
      </svg>
      <span aria-hidden="true">{Math.max(0, secondsLeft)}</span>
    </span>
  )
}
