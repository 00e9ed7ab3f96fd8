/**
 * The ids under which clients are asked: no two questions of a program's life have the same one, and
 * those of another life have others, as good as always. A client that answers late answers nobody.
 * They are small enough for every client, and larger than what servers count from.
 */
const FIRST = 2 ** 30
const COUNT = 2 ** 30

export class AskNumbers {
  #next: number

  /** `random`: from 0 to 1, another one for each life. */
  constructor(random: number) {
    this.#next = Math.floor(random * COUNT) % COUNT
  }

  next(): number {
    const number = FIRST + this.#next
    this.#next = (this.#next + 1) % COUNT
    return number
  }
}

/** One for a question of the gateway's own. */
export function randomAskNumber(): number {
  return new AskNumbers(Math.random()).next()
}

export function isAskNumber(id: unknown): id is number {
  return typeof id === 'number' && id >= FIRST && id < FIRST + COUNT
}

const NUMBER = /^\d{1,16}$/

/** The number that an id or token stands for: some servers write the text of the number they got. */
export function toNumber(id: unknown): number | undefined {
  if (typeof id === 'number') return id
  return typeof id === 'string' && NUMBER.test(id) ? Number(id) : undefined
}
