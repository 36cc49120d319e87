/** What kind of device and window this is, where that changes what the app may do. */
import { agentOf } from '../../../schema/agent.ts'

/** iPadOS calls itself a Mac; no Mac has a touch screen. */
export const isIos = (): boolean =>
  /\b(?:iPhone|iPad|iPod)\b/.test(navigator.userAgent) ||
  (/\bMacintosh\b/.test(navigator.userAgent) && navigator.maxTouchPoints > 1)

export const isInstalled = (): boolean =>
  matchMedia('(display-mode: standalone)').matches ||
  ('standalone' in navigator && navigator.standalone === true)

/** An app installed on iOS has a storage of its own: a key made in Safari's tab would stay behind there. */
export const mustInstallFirst = (): boolean => isIos() && !isInstalled()

type AgentData = { getHighEntropyValues(hints: ['model']): Promise<{ model?: string }> }

/** @returns what a person would call this device, for them to change. */
export async function suggestedDeviceName(
  onSystem: (browser: string, system: string) => string,
): Promise<string> {
  const data = (navigator as Navigator & { userAgentData?: AgentData }).userAgentData
  const model = (await data?.getHighEntropyValues(['model']).catch(() => null))?.model
  if (model) return model.slice(0, 64)
  const { browser, system } = agentOf(navigator.userAgent) ?? {}
  if (!browser) return 'Countersign'
  if (system === 'iPhone' || system === 'iPad') return system
  return system ? onSystem(browser, system) : browser
}
