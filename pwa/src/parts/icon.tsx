/** The few line icons, drawn on a 24 grid with one stroke. Always beside words, so they are hidden from screen readers. */

const drawings = {
  place:
    'M12 21s7-6.1 7-11.5A7 7 0 0 0 5 9.5C5 14.9 12 21 12 21Z M12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  screen: 'M4.5 5h15a1 1 0 0 1 1 1v9.5a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Z M8 20h8',
  clock: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z M12 7.5V12l3 2',
  bell: 'M6 16.5V11a6 6 0 1 1 12 0v5.5l1.5 1.5h-15L6 16.5Z M10 20.5a2.2 2.2 0 0 0 4 0',
  bellOff: 'M8 6.5A6 6 0 0 1 18 11v4 M6 10.5v6L4.5 18H17 M10 20.5a2.2 2.2 0 0 0 4 0 M4 4l16 16',
  next: 'M9.5 5.5 16 12l-6.5 6.5',
  back: 'M14.5 5.5 8 12l6.5 6.5',
  plus: 'M12 5v14 M5 12h14',
  past: 'M4 12a8 8 0 1 0 2.5-5.8L4 8.5 M4 4v4.5h4.5 M12 8v4.2l2.8 1.8',
  settings:
    'M4 7.5h9 M19 7.5h1 M4 16.5h1 M11 16.5h9 M16 10a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z M8 19a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  camera:
    'M4 8V5a1 1 0 0 1 1-1h3 M16 4h3a1 1 0 0 1 1 1v3 M20 16v3a1 1 0 0 1-1 1h-3 M8 20H5a1 1 0 0 1-1-1v-3 M8.5 8.5h2.5v2.5H8.5Z M13.5 8.5H16 M13.5 13.5H16V16 M8.5 13.5V16H11',
  share: 'M12 15V3.5 M8 7l4-3.5L16 7 M7 11H5.5v9.5h13V11H17',
  addHome:
    'M6 4h12a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2Z M12 8.5v7 M8.5 12h7',
  warning: 'M12 4.5 21 19.5H3L12 4.5Z M12 10v4 M12 16.7v.1',
  done: 'M5 12.5 10 17.5 19.5 7',
  stop: 'M7 7l10 10 M17 7 7 17',
}

export type IconName = keyof typeof drawings

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={drawings[name]} />
    </svg>
  )
}
