import { Cell } from './cell.ts'
import type { CellOptions } from './cell.ts'

/** Cells of one host program: a container has one, a machine one for each server host. */
const MAX_CELLS = 1_024

/** The cells by server host name. */
export class Cells {
  readonly #options: Omit<CellOptions, 'name' | 'onForgotten'>
  readonly #cells = new Map<string, Cell>()
  #isShuttingDown = false

  constructor(options: Omit<CellOptions, 'name' | 'onForgotten'>) {
    this.#options = options
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

  /** Ends every process of every cell. */
  async shutDown(): Promise<void> {
    this.#isShuttingDown = true
    await Promise.all([...this.#cells.values()].map((cell) => cell.shutDown()))
  }
}
