/**
 * Real WebKitGTK, the browser without push, through its own WebDriver on a screen that nobody sees. One tab only: its
 * driver cannot do more.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { type Browser, webkitPaths } from './browser.ts'
import { type Script, type TabEngine, tabOf } from './tab.ts'
import { until } from './until.ts'

type Command = (method: string, path: string, body?: object) => Promise<unknown>
const elementKey = 'element-6066-11e4-a52e-4f735466cecf'

export async function launchWebkit(): Promise<Browser> {
  const paths = webkitPaths()
  if (!paths) throw new Error('no WebKitGTK: install webkit2gtk-driver and xvfb')
  const screen = await startScreen(paths.screen)
  const port = await freePort()
  const driver = spawn(
    'dbus-run-session',
    ['--', paths.driver, `--port=${port}`, '--host=127.0.0.1'],
    {
      env: {
        ...process.env,
        DISPLAY: screen.display,
        GDK_BACKEND: 'x11',
        LIBGL_ALWAYS_SOFTWARE: '1',
      },
      stdio: 'ignore',
      detached: true,
    },
  )
  const stop = () => {
    endGroup(driver)
    screen.process.kill()
  }
  try {
    const send = commander(`http://127.0.0.1:${port}`)
    await until('the WebKit driver', () => send('GET', '/status'))
    const browserOptions = { binary: paths.browser, args: ['--automation'] }
    const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': browserOptions } }
    const session = (await send('POST', '/session', { capabilities })) as {
      sessionId: string
      capabilities: { browserVersion: string }
    }
    const inSession = commander(`http://127.0.0.1:${port}/session/${session.sessionId}`)
    await inSession('POST', '/timeouts', { script: 20_000 })
    const tab = tabOf(engineOf(inSession))
    return {
      name: 'webkit',
      version: session.capabilities.browserVersion,
      async open(address) {
        await tab.open(address)
        return tab
      },
      tabs: () => Promise.resolve([tab]),
      waitForTab: () => Promise.reject(new Error('the WebKit driver knows one tab only')),
      async close() {
        await inSession('DELETE', '').catch(() => undefined)
        stop()
      },
    }
  } catch (error) {
    stop()
    throw error
  }
}

function commander(base: string): Command {
  return async (method, path, body) => {
    const headers = { 'content-type': 'application/json' }
    const request = { method, headers, ...(body && { body: JSON.stringify(body) }) }
    const response = await fetch(base + path, request)
    const { value } = (await response.json()) as { value: { error?: string; message?: string } }
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`)
    return value
  }
}

function engineOf(send: Command): TabEngine {
  const execute = (script: Script<never[], unknown>, given: unknown[]) =>
    send('POST', '/execute/async', { script: withCallback(script), args: [given] })
  const write = async (text: string) => {
    const active = (await send('GET', '/element/active')) as Record<string, string>
    await send('POST', `/element/${active[elementKey]}/value`, { text })
  }
  return {
    open: async (address) => void (await send('POST', '/url', { url: address })),
    reload: async () => void (await send('POST', '/refresh', {})),
    address: async () => (await send('GET', '/url')) as string,
    async run(script, ...given) {
      const outcome = (await execute(script as never, given)) as { value: never; error?: string }
      if (outcome.error !== undefined) throw new Error(outcome.error)
      return outcome.value
    },
    inject: async (source) =>
      void (await send('POST', '/execute/sync', { script: source, args: [] })),
    async find(script, ...given) {
      const outcome = (await execute(script as never, given)) as {
        value: Record<string, string> | null
      }
      const id = outcome.value?.[elementKey]
      if (id === undefined) return null
      return {
        click: async () => void (await send('POST', `/element/${id}/click`, {})),
        type: async (text) => void (await send('POST', `/element/${id}/value`, { text })),
      }
    },
    key: (name) => write(keys[name]),
    write,
    async picture(file) {
      await writeFile(file, Buffer.from((await send('GET', '/screenshot')) as string, 'base64'))
    },
    close: () => send('POST', '/url', { url: 'about:blank' }).then(() => undefined),
  }
}

/** WebDriver's own letters for them. */
const keys = { Tab: '\uE004', Enter: '\uE007', Escape: '\uE00C' }

const withCallback = (script: Script<never[], unknown>): string => `
  const [given, done] = arguments
  Promise.resolve().then(() => (${script})(...given))
    .then((value) => done({ value: value ?? null }), (error) => done({ error: String(error) }))`

async function startScreen(path: string): Promise<{ display: string; process: ChildProcess }> {
  const process = spawn(
    path,
    ['-displayfd', '3', '-screen', '0', '1024x900x24', '-nolisten', 'tcp'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  )
  const [number] = (await once(process.stdio[3] as Readable, 'data')) as [Buffer]
  return { display: `:${number.toString().trim()}`, process }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The driver starts browsers of its own; they are of its process group. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid)
  } catch {
    // It has already gone.
  }
}
