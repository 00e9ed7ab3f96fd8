/** A file in which fixture servers note what they do, a line of JSON each. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitUntil } from './processes.ts'

export class Notes<T> {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hearth-notes-'))
  readonly file = join(this.#folder, 'notes')

  all(fits: (note: T) => boolean = () => true): T[] {
    return this.#lines()
      .map((line) => JSON.parse(line) as T)
      .filter(fits)
  }

  /** The first note that fits, as soon as it is there. Rejects when it does not come in time. */
  async first(fits: (note: T) => boolean, deadlineMs?: number): Promise<T> {
    let found: T | undefined
    const look = (): boolean => (found = this.all(fits)[0]) !== undefined
    await waitUntil(look, 'nothing was noted', deadlineMs)
    if (found === undefined) throw new Error('nothing was noted')
    return found
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #lines(): string[] {
    try {
      const text = readFileSync(this.file, 'utf8')
      return text
        .slice(0, text.lastIndexOf('\n') + 1)
        .split('\n')
        .filter(Boolean)
    } catch {
      return [] // nothing was noted yet
    }
  }
}
