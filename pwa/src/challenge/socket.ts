/**
 * One account's WebSocket: the server tells at once what is asked and what has ended. Reconnects by itself, notices a
 * line that has gone dead, and says when it cannot be had, so that someone else polls.
 */
import * as v from 'valibot'
import { SocketMessage, socketProtocol } from '../../../schema/device.ts'
import { signRequest } from '../api/sign-request.ts'
import type { Signer } from '../api/sign-request.ts'

const path = '/device/socket'
/** Middleboxes drop silent lines; this is below the usual minute. */
const pingEveryMs = 25_000
const pongWithinMs = 8_000
const longestPauseMs = 30_000
/** RFC 6455 §7.4.2 leaves 4000–4999 to applications. */
const retiredCode = 4401

export type Line = {
  onOpen(): void
  /** No line now; another attempt follows, except after the device was retired. */
  onDown(retired: boolean): void
  onMessage(message: SocketMessage): void
}

/** @returns how to end it for good. */
export function holdSocket(signer: Signer, line: Line): () => void {
  let over = false
  let attempts = 0
  let socket: WebSocket | null = null
  let pause: ReturnType<typeof setTimeout> | undefined
  let ping: ReturnType<typeof setInterval> | undefined
  let pong: ReturnType<typeof setTimeout> | undefined

  async function connect(): Promise<void> {
    clearTimeout(pause)
    pause = undefined
    const request = await signRequest(signer, { method: 'GET', path, bodyText: '' })
    if (over) return
    const address = new URL(path, location.origin)
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
    socket = new WebSocket(address, [socketProtocol, request])
    socket.addEventListener('open', opened)
    socket.addEventListener('message', heard)
    socket.addEventListener('close', closed)
  }

  function opened(): void {
    attempts = 0
    ping = setInterval(() => {
      socket?.send('ping')
      pong ??= setTimeout(() => socket?.close(), pongWithinMs)
    }, pingEveryMs)
    line.onOpen()
  }

  function heard(event: MessageEvent<unknown>): void {
    clearTimeout(pong)
    pong = undefined
    if (event.data === 'pong' || typeof event.data !== 'string') return
    const message = v.safeParse(v.pipe(v.string(), v.parseJson(), SocketMessage), event.data)
    if (message.success) line.onMessage(message.output)
  }

  function closed(event: CloseEvent): void {
    clearInterval(ping)
    clearTimeout(pong)
    pong = undefined
    if (over) return
    if (event.code === retiredCode) stop()
    line.onDown(event.code === retiredCode)
    if (over) return
    attempts += 1
    // Half of the pause is chance, so that a restarted server is not met by everyone at once.
    const pauseMs = Math.min(longestPauseMs, 500 * 2 ** attempts)
    pause = setTimeout(() => void connect(), pauseMs / 2 + (Math.random() * pauseMs) / 2)
  }

  /** The network is back or the person is: no reason to wait out the pause. */
  function hurry(): void {
    if (pause !== undefined && document.visibilityState === 'visible') void connect()
  }

  function stop(): void {
    over = true
    clearTimeout(pause)
    removeEventListener('online', hurry)
    document.removeEventListener('visibilitychange', hurry)
    socket?.close()
  }

  addEventListener('online', hurry)
  document.addEventListener('visibilitychange', hurry)
  void connect()
  return stop
}
