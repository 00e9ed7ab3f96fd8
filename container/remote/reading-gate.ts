/** Whether what a server sends is read: not while any of the reasons holds. */
export class ReadingGate {
  readonly #reasons = new Set<string>()
  #waiting: PromiseWithResolvers<void> | undefined

  /** To be awaited before reading; `undefined` when nothing holds it. */
  get opened(): Promise<void> | undefined {
    return this.#waiting?.promise
  }

  hold(reason: string, isHeld: boolean): void {
    if (isHeld) this.#reasons.add(reason)
    else this.#reasons.delete(reason)
    if (this.#reasons.size > 0) this.#waiting ??= Promise.withResolvers()
    else this.release()
  }

  release(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }
}
