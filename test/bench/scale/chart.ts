/** Dollars a day and databases over approvals a day, both axes by powers of ten. */
export type Line = { name: string; color: string; points: [x: number, y: number][] }

const width = 720
const height = 420
const left = 70
const bottom = 50
const [fromX, toX, fromY, toY] = [3, 8, -2, 5]

const x = (value: number) =>
  left + ((Math.log10(value) - fromX) / (toX - fromX)) * (width - left - 150)
const y = (value: number) =>
  height -
  bottom -
  ((Math.log10(Math.max(value, 10 ** fromY)) - fromY) / (toY - fromY)) * (height - bottom - 20)

export function chart(lines: Line[]): string {
  const grid = [
    ...range(fromX, toX).map(
      (power) =>
        `<path d="M${x(10 ** power)} 20V${height - bottom}" class="g"/><text x="${x(10 ** power)}" y="${height - bottom + 18}" text-anchor="middle">10${sup(power)}</text>`,
    ),
    ...range(fromY, toY).map(
      (power) =>
        `<path d="M${left} ${y(10 ** power)}H${width - 150}" class="g"/><text x="${left - 8}" y="${y(10 ** power) + 4}" text-anchor="end">10${sup(power)}</text>`,
    ),
  ]
  const drawn = lines.map(({ name, color, points }, at) => {
    const path = points.map(
      ([px, py], index) => `${index ? 'L' : 'M'}${x(px).toFixed(1)} ${y(py).toFixed(1)}`,
    )
    return `<path d="${path.join('')}" stroke="${color}" fill="none" stroke-width="2"/><text x="${width - 142}" y="${40 + at * 20}" fill="${color}">${name}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<style>.g{stroke:#8884;fill:none}text{fill:#666}</style>
${[...grid, ...drawn].join('\n')}
<text x="${(left + width - 150) / 2}" y="${height - 10}" text-anchor="middle">approvals a day</text>
</svg>
`
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at)
const sup = (power: number): string => `<tspan dy="-5" font-size="9">${power}</tspan>`
