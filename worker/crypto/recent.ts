/**
 * What was worked out lately with a master key, by the whole text that it was worked out from: it is always the same, and remembered
 * only to save the work. Keep only what proved genuine, and nothing long: nobody may fill it with what they made up.
 */
export class Recent<T> {
  readonly #most: number
  readonly #kept = new WeakMap<CryptoKey, Map<string, T>>()

  /** @param most entries for each key; those that were set last stay. */
  constructor(most: number) {
    this.#most = most
  }

  get(master: CryptoKey, text: string): T | undefined {
    return this.#kept.get(master)?.get(text)
  }

  set(master: CryptoKey, text: string, value: T): void {
    let kept = this.#kept.get(master)
    if (!kept) this.#kept.set(master, (kept = new Map()))
    kept.delete(text)
    kept.set(text, value)
    const [oldest] = kept.keys()
    if (kept.size > this.#most && oldest !== undefined) kept.delete(oldest)
  }
}
