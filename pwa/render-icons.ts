/**
 * Renders the app's icons from the mark, once: `node pwa/render-icons.ts`. The results are committed, so that building
 * needs no browser. CHROME_PATH names the browser where it is not Debian's.
 */
import { chromium } from 'playwright-core'
import { fileURLToPath } from 'node:url'

const paths = `
  <path stroke-width="3.2" d="M29 43.2 17.8 32A4 4 0 0 0 12.2 37.6L23.4 48.8" />
  <path stroke-width="11" stroke-linecap="round" d="M26.2 46 50.5 18.5" />`

type Icon = {
  file: string
  pixels: number
  ground: string
  mark: string
  corner: number
  scale: number
}
const accent = '#00727b'
const icons: Icon[] = [
  { file: 'icon-192.png', pixels: 192, ground: accent, mark: '#fff', corner: 14, scale: 0.8 },
  { file: 'icon-512.png', pixels: 512, ground: accent, mark: '#fff', corner: 14, scale: 0.8 },
  // Launchers cut maskable icons to a circle of four fifths.
  {
    file: 'icon-maskable-512.png',
    pixels: 512,
    ground: accent,
    mark: '#fff',
    corner: 0,
    scale: 0.66,
  },
  // iOS rounds the corners itself and shows no transparency.
  {
    file: 'apple-touch-icon.png',
    pixels: 180,
    ground: accent,
    mark: '#fff',
    corner: 0,
    scale: 0.76,
  },
  // Only the badge's shape is used: the system gives it a colour.
  { file: 'badge-96.png', pixels: 96, ground: 'none', mark: '#fff', corner: 0, scale: 1.15 },
]

function drawing({ ground, mark, corner, scale }: Icon): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="100%" height="100%">
    <rect width="64" height="64" rx="${corner}" fill="${ground}" />
    <g fill="none" stroke="${mark}" transform="translate(32 32) scale(${scale}) translate(-32.6 -32.4)">${paths}</g>
  </svg>`
}

const browser = await chromium.launch({
  executablePath: process.env['CHROME_PATH'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
const page = await browser.newPage()
for (const icon of icons) {
  await page.setViewportSize({ width: icon.pixels, height: icon.pixels })
  await page.setContent(`<style>body{margin:0}svg{display:block}</style>${drawing(icon)}`)
  const path = fileURLToPath(new URL(`./public/${icon.file}`, import.meta.url))
  await page.screenshot({ path, omitBackground: true })
}
await browser.close()
