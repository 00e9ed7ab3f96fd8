/** The file in which `counts-calls.mjs` notes each run of a tool. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitUntil } from '#test/support/processes.ts'

interface Run {
  name: string
  pid: number
  key: string
}

export class CallCounts {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hearth-calls-'))
  readonly file = join(this.#folder, 'calls')

  runs(key: string): Run[] {
    return this.#lines()
      .map((line) => JSON.parse(line) as Run)
      .filter((run) => run.key === key)
  }

  /** The first run of a call, as soon as it is noted. */
  async begun(key: string): Promise<Run> {
    await waitUntil(() => this.runs(key).length > 0, `${key} was not called`)
    const [run] = this.runs(key)
    if (run === undefined) throw new Error(`${key} was not called`)
    return run
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #lines(): string[] {
    try {
      return readFileSync(this.file, 'utf8').split('\n').filter(Boolean)
    } catch {
      return [] // nothing was called yet
    }
  }
}
