/** Charts as SVG, drawn by hand: bars with a mark for what must be reached. */

export type Bar = { label: string; value: number; mark: number | null }

const row = 22
const labels = 190
const width = 760

export function barChart(title: string, bars: Bar[]): string {
  const longest = Math.max(1, ...bars.map(({ value, mark }) => Math.max(value, mark ?? 0)))
  const x = (value: number) => labels + ((width - labels - 60) * value) / longest
  const height = 40 + bars.length * row + 10
  const lines = bars.map(({ label, value, mark }, at) => {
    const y = 40 + at * row
    const reached = mark === null || value >= mark
    return [
      `<text x="${labels - 8}" y="${y + 13}" text-anchor="end">${escaped(label)}</text>`,
      `<rect class="${reached ? 'reached' : 'missed'}" x="${labels}" y="${y + 2}" width="${(x(value) - labels).toFixed(1)}" height="15" rx="2"/>`,
      `<text x="${(x(value) + 6).toFixed(1)}" y="${y + 13}">${value.toFixed(2)}</text>`,
      ...(mark === null
        ? []
        : [
            `<line class="mark" x1="${x(mark).toFixed(1)}" x2="${x(mark).toFixed(1)}" y1="${y}" y2="${y + 19}"/>`,
          ]),
    ].join('')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>${style}</style>
<rect class="paper" width="${width}" height="${height}"/>
<text class="title" x="16" y="24">${escaped(title)}</text>
${lines.join('\n')}
</svg>
`
}

const style = `text{font:12px system-ui,sans-serif;fill:#1d2733}.title{font-size:14px;font-weight:600}.paper{fill:#fff}
.reached{fill:#2f7d6b}.missed{fill:#b3452c}.mark{stroke:#1d2733;stroke-width:1.5}
@media (prefers-color-scheme:dark){.paper{fill:#11161c}text{fill:#dfe6ee}.mark{stroke:#dfe6ee}}`

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`)
