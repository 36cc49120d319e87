/**
 * Keeps one WebSocket open to the deployment, and answers what comes through it. It dials out: nothing listens here. Where the line
 * breaks it dials again, the longer the more often it broke; where the deployment says that it is revoked, it stops.
 */
import * as v from 'valibot'
import {
  ToConnector,
  connectorRefusedCode,
  connectorTyp,
  peoplePerMessage,
  pingEveryMs,
  silentMs,
} from '../../../schema/connector.ts'
import { sign } from '../../../schema/jws.ts'
import type { Done } from '../../directory/job.ts'
import type { ConnectorKey } from './key.ts'
import type { ConnectorSettings } from './settings.ts'
import { workFor } from './work.ts'

export type Line = {
  stop: () => void
  /** Resolves where it stopped, or was told not to come back. */
  ended: Promise<'stopped' | 'revoked'>
}

const [firstPauseMs, longestPauseMs] = [500, 30_000]

export function keepLine(
  settings: ConnectorSettings,
  key: ConnectorKey,
  say: (line: string) => void,
): Line {
  let socket: WebSocket | null = null
  let stopped = false
  let wake = (): void => undefined
  const ended = (async () => {
    let pauseMs = firstPauseMs
    for (;;) {
      const closed = await oneLine(settings, key, say, (opened) => (socket = opened))
      if (closed.code === connectorRefusedCode) return 'revoked'
      if (stopped) return 'stopped'
      if (closed.wasReady) pauseMs = firstPauseMs
      say(`The line is down (${closed.why}); dialling again.`)
      await new Promise<void>((resolve) => {
        wake = resolve
        setTimeout(resolve, pauseMs * (0.5 + Math.random()))
      })
      if (stopped) return 'stopped'
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    }
  })()
  return {
    stop() {
      stopped = true
      socket?.close(1000, 'stopped')
      wake()
    },
    ended,
  }
}

type Closed = { code: number; why: string; wasReady: boolean }

function oneLine(
  { server, directories }: ConnectorSettings,
  key: ConnectorKey,
  say: (line: string) => void,
  opened: (socket: WebSocket) => void,
): Promise<Closed> {
  const address = `${server.replace(/^http/, 'ws')}/connector/dial?id=${encodeURIComponent(key.id)}`
  const socket = new WebSocket(address)
  opened(socket)
  let wasReady = false
  let heardAtMs = Date.now()
  const send = (message: object) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
  }
  const pinging = setInterval(() => {
    if (Date.now() - heardAtMs > silentMs) socket.close(3000, 'silent')
    else if (socket.readyState === WebSocket.OPEN) socket.send('ping')
  }, pingEveryMs)
  const hear = async (text: string) => {
    const said = v.safeParse(ToConnector, JSON.parse(text))
    if (!said.success) return
    if ('nonce' in said.output) {
      const claims = { aud: server, iss: key.id, nonce: said.output.nonce }
      send({ hello: await sign(connectorTyp.hello, claims, { key: key.key }) })
    } else if ('ready' in said.output) {
      wasReady = true
      say('Connected.')
    } else {
      const { n, ...question } = said.output
      const done = await workFor(directories, question)
      if (!done.ok) say(`${question.resolver}: ${done.why}`)
      for (const message of inParts(n, done)) send(message)
    }
  }
  socket.addEventListener('message', ({ data }) => {
    heardAtMs = Date.now()
    if (data === 'pong') return
    hear(String(data)).catch((error: unknown) => say(`A question failed: ${String(error)}`))
  })
  return new Promise((resolve) => {
    let isOver = false
    const end = async (code: number, why: string) => {
      if (isOver) return
      isOver = true
      clearInterval(pinging)
      const isUnknown = !wasReady && code !== connectorRefusedCode && (await isNotKnown(address))
      resolve({ code: isUnknown ? connectorRefusedCode : code, why, wasReady })
    }
    socket.addEventListener('close', ({ code, reason }) => {
      void end(code, reason || `code ${code}`)
    })
    socket.addEventListener('error', () => void end(0, 'no connection'))
  })
}

/** A socket that is refused says nothing of why; the same address without one does. */
const isNotKnown = async (address: string): Promise<boolean> =>
  (await fetch(address.replace(/^ws/, 'http')).catch(() => null))?.status === 404

/** A long list goes in parts; what the Worker makes of them is one. */
function inParts(n: number, done: Done): object[] {
  if (!('people' in done) || done.people.length <= peoplePerMessage) return [{ n, done }]
  const parts = []
  for (let from = 0; from < done.people.length; from += peoplePerMessage)
    parts.push({ n, part: done.people.slice(from, from + peoplePerMessage) })
  return [...parts, { n, done: { ...done, people: [] } }]
}
