/** Reads what the app keeps in a browser, from a page of its origin: as anyone with access to the profile could. */
import type { Tab } from './tab.ts'

export type KeptKey = {
  algorithm: string
  extractable: boolean
  usages: string[]
  exported: string[]
}

/** Every private key anywhere in IndexedDB, and in which formats it could be taken out. */
export const keptPrivateKeys = (tab: Tab): Promise<KeptKey[]> => keptKeys(tab, 'private')

/** Every key that is shared with the server. */
export const keptSecretKeys = (tab: Tab): Promise<KeptKey[]> => keptKeys(tab, 'secret')

const keptKeys = (tab: Tab, kind: 'private' | 'secret'): Promise<KeptKey[]> =>
  tab.run(async (kind) => {
    const settled = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.addEventListener('success', () => resolve(request.result))
        request.addEventListener('error', () => reject(request.error))
      })
    const found: CryptoKey[] = []
    const search = (value: unknown): void => {
      if (value instanceof CryptoKey) found.push(value)
      else if (value !== null && typeof value === 'object') Object.values(value).forEach(search)
    }
    for (const { name } of await indexedDB.databases()) {
      const database = await settled(indexedDB.open(name ?? ''))
      for (const store of database.objectStoreNames)
        search(await settled(database.transaction(store).objectStore(store).getAll()))
      database.close()
    }
    const formats = ['jwk', 'pkcs8', 'raw', 'spki'] as const
    return Promise.all(
      found
        .filter(({ type }) => type === kind)
        .map(async (key) => {
          const attempts = formats.map((format) =>
            crypto.subtle.exportKey(format as 'jwk', key).then(
              () => [format],
              () => [],
            ),
          )
          const { algorithm, extractable, usages } = key
          const exported = (await Promise.all(attempts)).flat()
          return { algorithm: algorithm.name, extractable, usages: [...usages], exported }
        }),
    )
  }, kind)

/** The device ids of the accounts in the app. */
export const keptDeviceIds = (tab: Tab): Promise<string[]> =>
  tab.run(
    () =>
      new Promise<string[]>((resolve, reject) => {
        const opening = indexedDB.open('countersign')
        opening.addEventListener('error', () => reject(opening.error))
        opening.addEventListener('success', () => {
          const all = opening.result
            .transaction('enrolments')
            .objectStore('enrolments')
            .getAllKeys()
          all.addEventListener('success', () => {
            opening.result.close()
            resolve(all.result as string[])
          })
        })
      }),
  )

/** What the app keeps of questions that are open, as text; empty where there is nothing. */
export const keptQuestions = (tab: Tab): Promise<string> =>
  tab.run(
    () =>
      new Promise<string>((resolve, reject) => {
        const opening = indexedDB.open('countersign')
        opening.addEventListener('error', () => reject(opening.error))
        opening.addEventListener('success', () => {
          const kept = opening.result.transaction('settings').objectStore('settings').get('asked')
          kept.addEventListener('success', () => {
            opening.result.close()
            resolve((kept.result as string | undefined) ?? '')
          })
        })
      }),
  )

export const keepQuestions = (tab: Tab, text: string): Promise<void> =>
  tab.run(
    (kept) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('countersign')
        opening.addEventListener('error', () => reject(opening.error))
        opening.addEventListener('success', () => {
          const change = opening.result.transaction('settings', 'readwrite')
          change.objectStore('settings').put(kept, 'asked')
          change.addEventListener('complete', () => {
            opening.result.close()
            resolve()
          })
        })
      }),
    text,
  )
