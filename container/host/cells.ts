import { Cell } from './cell.ts'
import type { CellOptions } from './cell.ts'

/** Cells of one host program: a container has one, a machine one for each server host. */
const MAX_CELLS = 1_024

export interface CellsOptions extends Omit<CellOptions, 'name' | 'onForgotten'> {
  /** The only cell there may be; absent: any. */
  only?: string | undefined
}

/** The cells by server host name. */
export class Cells {
  readonly #options: CellsOptions
  readonly #cells = new Map<string, Cell>()
  #isShuttingDown = false

  constructor(options: CellsOptions) {
    this.#options = options
  }

  /** Whether there may be a cell of this name. */
  allows(name: string): boolean {
    const { only } = this.#options
    return only === undefined || name === only
  }

  get size(): number {
    return this.#cells.size
  }

  get(name: string): Cell | undefined {
    return this.#cells.get(name)
  }

  /** Makes the cell when it is new; `undefined` when there are too many, or on shutdown. */
  acquire(name: string): Cell | undefined {
    const found = this.#cells.get(name)
    if (found !== undefined) return found
    if (this.#isShuttingDown || this.#cells.size >= MAX_CELLS) return undefined
    const cell: Cell = new Cell({
      ...this.#options,
      name,
      onForgotten: () => {
        if (this.#cells.get(name) === cell) this.#cells.delete(name)
      },
    })
    this.#cells.set(name, cell)
    return cell
  }

  /** Makes no more cells. Resolves when no cell has a request in flight. */
  async drain(): Promise<void> {
    this.#isShuttingDown = true
    await Promise.all([...this.#cells.values()].map((cell) => cell.drain()))
  }

  /** Ends every process of every cell. */
  async shutDown(): Promise<void> {
    this.#isShuttingDown = true
    await Promise.all([...this.#cells.values()].map((cell) => cell.shutDown()))
  }
}
