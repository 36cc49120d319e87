/** The pictures of the first steps, drawn here: lines of the text's colour, one accent. They say nothing the words do not. */

/** A sign-in page with a code, and this device with the same code and a tick. */
export function AskedPicture() {
  return (
    <svg class="picture" viewBox="0 0 240 150" aria-hidden="true">
      <rect class="line" x="14" y="18" width="142" height="94" rx="8" />
      <path class="line" d="M2 122h166l-6 10H8Z" />
      <path class="faint" d="M56 44h58" />
      <g class="fill-faint">
        <rect x="45" y="58" width="17" height="22" rx="4" />
        <rect x="66" y="58" width="17" height="22" rx="4" />
        <rect x="87" y="58" width="17" height="22" rx="4" />
        <rect x="108" y="58" width="17" height="22" rx="4" />
      </g>
      <rect class="paper line" x="160" y="30" width="64" height="112" rx="12" />
      <path class="faint" d="M176 56h32 M176 65h20" />
      <g class="fill-faint">
        <rect x="173" y="79" width="8" height="12" rx="2.5" />
        <rect x="183.5" y="79" width="8" height="12" rx="2.5" />
        <rect x="194" y="79" width="8" height="12" rx="2.5" />
        <rect x="204" y="79" width="8" height="12" rx="2.5" />
      </g>
      <rect class="fill-accent" x="172" y="100" width="40" height="14" rx="5" />
      <path class="on-accent" d="M187.5 107.2 190.7 110.3 196.8 103.8" />
    </svg>
  )
}

/** A phone at rest, and a question arriving on it. */
export function BellPicture() {
  return (
    <svg class="picture" viewBox="0 0 240 150" aria-hidden="true">
      <rect class="line" x="68" y="6" width="104" height="138" rx="16" />
      <path class="faint" d="M110 17h20" />
      <rect class="fill-faint" x="78" y="34" width="84" height="38" rx="10" />
      <rect class="fill-accent" x="85" y="42" width="22" height="22" rx="7" />
      <path class="on-accent" d="M91 53.5 94.4 56.8 101 49.5" />
      <path class="line" d="M115 49h24" />
      <path class="faint" d="M115 58h37" />
      <path class="line" d="M184 30a34 34 0 0 1 0 46 M194 20a48 48 0 0 1 0 66" />
      <path class="line" d="M56 30a34 34 0 0 0 0 46 M46 20a48 48 0 0 0 0 66" />
    </svg>
  )
}

/** A home screen with our icon on it. */
export function HomeScreenPicture() {
  return (
    <svg class="picture" viewBox="0 0 240 150" aria-hidden="true">
      <rect class="line" x="76" y="6" width="88" height="138" rx="16" />
      <path class="faint" d="M110 17h20" />
      <g class="fill-faint">
        <rect x="90" y="34" width="26" height="26" rx="8" />
        <rect x="124" y="34" width="26" height="26" rx="8" />
        <rect x="90" y="70" width="26" height="26" rx="8" />
        <rect x="90" y="118" width="60" height="14" rx="7" />
      </g>
      <rect class="fill-accent" x="124" y="70" width="26" height="26" rx="8" />
      <path class="on-accent" d="M131 83.5 135.2 87.6 143 78.5" />
    </svg>
  )
}

/** A finger's lines, and a tick. */
export function FingerPicture() {
  return (
    <svg class="picture" viewBox="0 0 240 150" aria-hidden="true">
      <path class="line" d="M86 104V66a34 34 0 0 1 68 0v20" />
      <path class="line" d="M98 120V66a22 22 0 0 1 44 0v30" />
      <path class="line" d="M110 128V66a10 10 0 0 1 20 0v44" />
      <path class="faint" d="M74 88V66a46 46 0 0 1 92 0" />
      <circle class="fill-accent" cx="158" cy="116" r="20" />
      <path class="on-accent" d="M149.5 116.5 155.5 122.5 167 109.5" />
    </svg>
  )
}

export type StampKind = 'good' | 'bad' | 'over'

/** The answer, drawn once. */
export function Stamp({ kind }: { kind: StampKind }) {
  const drawing = {
    good: 'M20 33.5 29 42.5 46 23',
    bad: 'M23 23 43 43 M43 23 23 43',
    over: 'M33 20v14l9 5.5',
  }[kind]
  return (
    <svg class={`stamp ${kind}`} viewBox="0 0 66 66" aria-hidden="true">
      <circle cx="33" cy="33" r="29" />
      <path d={drawing} pathLength={1} />
    </svg>
  )
}
