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
      <path class="line" d="M82 150V30a14 14 0 0 1 14-14h48a14 14 0 0 1 14 14v120" />
      <path class="faint" d="M110 30h20" />
      <rect class="paper line" x="58" y="54" width="124" height="52" rx="12" />
      <rect class="fill-accent" x="70" y="66" width="28" height="28" rx="8" />
      <path class="on-accent" d="M79 80.5 83.2 84.6 90.2 75.5" />
      <path class="line" d="M110 74h40" />
      <path class="faint" d="M110 86h56" />
    </svg>
  )
}

/** A home screen with our icon on it. */
export function HomeScreenPicture() {
  return (
    <svg class="picture" viewBox="0 0 240 150" aria-hidden="true">
      <rect class="line" x="74" y="8" width="92" height="160" rx="18" />
      <path class="faint" d="M110 20h20" />
      <g class="fill-faint">
        <rect x="88" y="36" width="26" height="26" rx="7" />
        <rect x="126" y="36" width="26" height="26" rx="7" />
        <rect x="88" y="74" width="26" height="26" rx="7" />
      </g>
      <rect class="fill-accent" x="126" y="74" width="26" height="26" rx="7" />
      <path class="on-accent" d="M133 87.5 137.2 91.6 145 82.5" />
      <path class="fill-faint" d="M88 112h64v14H88Z" />
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
