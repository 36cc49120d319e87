/** Draws a QR code as SVG, made element by element because the page's policy takes no markup from strings. */
const svg = 'http://www.w3.org/2000/svg'

export async function drawQrCode(into: HTMLElement, content: string): Promise<void> {
  const { encode } = await import('uqr')
  const { size, data } = encode(content, { ecc: 'M', border: 4 })
  const picture = document.createElementNS(svg, 'svg')
  picture.setAttribute('viewBox', `0 0 ${size} ${size}`)
  const dark = data.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : [])))
  const path = document.createElementNS(svg, 'path')
  path.setAttribute('d', dark.join(''))
  picture.append(path)
  into.replaceChildren(picture)
  into.hidden = false
}
