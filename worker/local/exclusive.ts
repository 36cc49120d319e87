/**
 * One process at a time, by SQLite's own lock on a file: the system frees it when its process ends, however it ends.
 * No file of ours has to be cleaned up after a kill -9, and none can be stale.
 */
import { DatabaseSync } from 'node:sqlite'

/** Tries until it has the lock or `giveUp` says so. @returns how to let go, or null. */
export async function takeExclusively(
  path: string,
  giveUp: () => boolean,
): Promise<(() => void) | null> {
  const database = new DatabaseSync(path)
  for (;;) {
    try {
      database.exec('begin exclusive')
      return () => database.close()
    } catch (error) {
      if (!/locked/.test(String(error))) throw error
      if (giveUp()) {
        database.close()
        return null
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
