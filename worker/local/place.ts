/** Where a deployment lives. Its host is part of every device's identity, so it is decided once. */
import { Refusal } from './settings.ts'

export const jurisdictions = ['none', 'eu', 'fedramp'] as const
export type Jurisdiction = (typeof jurisdictions)[number]
export type Place = { host: string; jurisdiction: Jurisdiction }

export const isPreviewHost = (host: string): boolean => host.endsWith('.workers.dev')

/** @throws Refusal where it is no host name. */
export function hostOf(text: string): string {
  if (/^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(text)) return text
  throw new Refusal(`--host must be a host name like sign.example.org, not "${text}".`)
}

/** @throws Refusal where there is no such jurisdiction. */
export function jurisdictionOf(text: string): Jurisdiction {
  const known = jurisdictions.find((one) => one === text)
  if (known) return known
  throw new Refusal(`--jurisdiction must be one of ${jurisdictions.join(', ')}, not "${text}".`)
}
