/** The calls about requests in a person's name. */
import type { RequestOutcome } from '../../schema/states.ts'
import { call, goOnWith } from './call.ts'

export type Asked = {
  id: string
  asked_at: number
  /** null: the server itself asked. */
  application: string | null
  purpose: 'login' | 'self' | 'move'
  origin: {
    how: 'browser' | 'claimed' | 'server'
    address?: string
    place?: string
    agent?: { browser?: string; system?: string }
  }
  new_device?: string
  outcome: RequestOutcome
  device: { serial: string; name: string } | null
  reported: boolean
}

export type Reported = {
  stopped: boolean
  told: boolean
  ended: boolean
  device_stopped: boolean
}

export async function readRequests(): Promise<Asked[]> {
  const { value } = await call('GET', '/me/requests')
  return (value as { requests: Asked[] }).requests
}

export async function report(id: string): Promise<Reported> {
  const { value } = await call('POST', `/me/requests/${id}/report`)
  const { token, ...done } = value as Reported & { token?: string }
  if (token !== undefined) goOnWith(token)
  return done
}
