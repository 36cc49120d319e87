/**
 * Takes the picture of the README (`npm run picture`): the Try-it page with its code beside the app with the question,
 * both as they really are at that moment.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { chromiumPath } from './support/browser.ts'
import { confirmInvitation } from './support/person.ts'
import { setStage } from './support/stage.ts'

const target = fileURLToPath(new URL('../docs/approval.png', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'countersign-picture-'))
const [login, device] = [join(folder, 'login.png'), join(folder, 'device.png')]

const stage = await setStage()
try {
  const browser = (await stage.phone('chromium', { width: 640, height: 780 })).browser()
  const page = await browser.open(stage.deployment.url)
  await page.press('button', 'Enrol this browser')
  const app = await browser.waitForTab((address) => address.includes('/enrol'))
  await confirmInvitation(app)
  await page.press('button', 'Ask now')
  await page.sees('Type this code on your device')
  await app.waitForScreen('approve', 15_000)
  await page.picture(login)
  await app.picture(device)
} finally {
  await stage.end()
}

const embedded = (file: string): string =>
  `data:image/png;base64,${readFileSync(file).toString('base64')}`
const sheet = `<body style="margin:0;padding:32px;display:flex;gap:32px;justify-content:center;align-items:center;background:#dfe7e7">
  <img src="${embedded(login)}" style="height:720px;border-radius:12px">
  <img src="${embedded(device)}" style="height:720px;border-radius:28px;outline:6px solid #1b2526">
</body>`
const painter = await chromium.launch({
  executablePath: chromiumPath() ?? '',
  args: ['--no-sandbox'],
})
const canvas = await painter.newPage({ viewport: { width: 1120, height: 784 } })
await canvas.setContent(sheet)
await canvas.screenshot({ path: target })
await painter.close()
rmSync(folder, { recursive: true })
