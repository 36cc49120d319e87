/**
 * A notification service on a D-Bus of its own: what a browser shows arrives here, and a click or an action button sent
 * from here is a trusted one in the browser. No desktop, no other program's notifications.
 */
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import dbus from 'dbus-next'
import { until } from './until.ts'

export type ShownNotification = {
  id: number
  title: string
  body: string
  /** Action key → its label. */
  actions: Record<string, string>
}

export type NotificationDaemon = {
  busAddress: string
  /** What stands on the screen now. */
  shown(): ShownNotification[]
  /** Everything ever shown or replaced, oldest first. */
  history: ShownNotification[]
  /** Waits until a notification stands that suits. */
  waitFor(
    suits: (notification: ShownNotification) => boolean,
    withinMs?: number,
  ): Promise<ShownNotification>
  click(notification: ShownNotification): void
  /** Presses the action button with that label. */
  press(notification: ShownNotification, label: string): void
  dismiss(notification: ShownNotification): void
  close(): void
}

const path = '/org/freedesktop/Notifications'
const name = 'org.freedesktop.Notifications'
const capabilities = ['actions', 'body', 'body-markup', 'icon-static', 'persistence']

/** org.freedesktop.Notifications 1.2; the method names are the protocol's. */
class Notifications extends dbus.interface.Interface {
  readonly standing = new Map<number, ShownNotification>()
  readonly history: ShownNotification[] = []
  #lastId = 0

  GetCapabilities(): string[] {
    return capabilities
  }
  GetServerInformation(): string[] {
    return ['countersign-tests', 'countersign', '1', '1.2']
  }
  Notify(...[, replaces, , title, body, actions]: NotifyArguments): number {
    const id = replaces || ++this.#lastId
    const labels: Record<string, string> = {}
    for (let at = 0; at + 1 < actions.length; at += 2)
      labels[actions[at] ?? ''] = actions[at + 1] ?? ''
    const notification = { id, title, body, actions: labels }
    this.standing.set(id, notification)
    this.history.push(notification)
    return id
  }
  CloseNotification(id: number): void {
    this.standing.delete(id)
    this.NotificationClosed(id, 3)
  }
  NotificationClosed(id: number, reason: number): number[] {
    return [id, reason]
  }
  ActionInvoked(id: number, key: string): [number, string] {
    return [id, key]
  }
}
type NotifyArguments = [
  application: string,
  replaces: number,
  icon: string,
  title: string,
  body: string,
  actions: string[],
  hints: object,
  timeoutMs: number,
]
Notifications.configureMembers({
  methods: {
    GetCapabilities: { outSignature: 'as' },
    GetServerInformation: { outSignature: 'ssss' },
    Notify: { inSignature: 'susssasa{sv}i', outSignature: 'u' },
    CloseNotification: { inSignature: 'u' },
  },
  signals: { NotificationClosed: { signature: 'uu' }, ActionInvoked: { signature: 'us' } },
})

export async function startNotificationDaemon(): Promise<NotificationDaemon> {
  const { busAddress, stop } = await startBus()
  const service = new Notifications(name)
  const bus = dbus.sessionBus({ busAddress })
  // Without a listener a closing bus would be an uncaught error.
  if (bus instanceof EventEmitter) bus.on('error', () => undefined)
  bus.export(path, service)
  await bus.requestName(name, 0)
  return {
    busAddress,
    shown: () => [...service.standing.values()],
    history: service.history,
    waitFor: (suits, withinMs = 15_000) =>
      until('a notification', () => [...service.standing.values()].find(suits), withinMs),
    click: ({ id }) => void service.ActionInvoked(id, 'default'),
    press({ id, actions }, label) {
      const key = Object.keys(actions).find((candidate) => actions[candidate] === label)
      if (key === undefined)
        throw new Error(`no button "${label}" among ${JSON.stringify(Object.values(actions))}`)
      service.ActionInvoked(id, key)
    },
    dismiss({ id }) {
      service.standing.delete(id)
      service.NotificationClosed(id, 2)
    },
    close() {
      bus.disconnect()
      stop()
    },
  }
}

async function startBus(): Promise<{ busAddress: string; stop(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bus-'))
  const busAddress = `unix:path=${folder}/bus`
  const daemon = spawn(
    'dbus-daemon',
    ['--session', '--nofork', '--nopidfile', `--address=${busAddress}`, '--print-address=1'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const ended = once(daemon, 'exit').then(() =>
    Promise.reject(new Error('dbus-daemon did not start')),
  )
  await Promise.race([once(daemon.stdout, 'data'), ended])
  ended.catch(() => undefined)
  return {
    busAddress,
    stop() {
      daemon.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
