/** Which of a process's calls a question of its server belongs to: stdio does not say. */
import type { TranslatedCall } from './translated-call.ts'

const MAX_KNOWN = 256

export class Askers {
  /** Tools, prompts and resources that asked while no other call ran. */
  readonly #known = new Set<string>()

  /**
   * The only call that can be asked, or else the one that likely asks: a call of what is known to ask, or of what
   * was called last. Of several, the oldest that is not asked already: servers begin calls in turn.
   */
  callOf(calls: Iterable<TranslatedCall>): TranslatedCall | undefined {
    const askable = [...calls].filter(({ isAskable }) => isAskable)
    const [only] = askable
    if (askable.length <= 1) {
      if (only !== undefined) this.#learn(only.target)
      return only
    }
    const isHere = ({ client }: TranslatedCall) => client !== undefined
    const waiting = askable.filter((call) => isHere(call) && !call.isAsked)
    const latest = waiting.at(-1)
    return (
      waiting.find(({ target }) => this.#known.has(target)) ??
      waiting.find(({ target }) => target === latest?.target) ??
      askable.findLast(isHere) ??
      askable.at(-1)
    )
  }

  #learn(target: string): void {
    if (this.#known.size < MAX_KNOWN) this.#known.add(target)
  }
}
