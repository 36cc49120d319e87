/** A handful of remembered choices, readable by the page and the service worker. */
import { database } from './database.ts'

export type Setting = 'language' | 'notificationsPutOff' | 'clockOffsetMs'

export async function readSetting(name: Setting): Promise<string | null> {
  return (await (await database()).get('settings', name)) ?? null
}

export async function writeSetting(name: Setting, value: string | null): Promise<void> {
  const db = await database()
  if (value === null) await db.delete('settings', name)
  else await db.put('settings', value, name)
}
