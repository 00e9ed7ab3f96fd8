/** A reporter of vitest: prints the files that took longest, start and end of their gateways included. */
import type { Reporter, TestModule } from 'vitest/node'

const MAX_FILES = 15

export default class Slowest implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const rows = modules.map(toRow).toSorted((one, other) => other.seconds - one.seconds)
    console.log(`The slowest of ${rows.length} files, in seconds:`)
    for (const { seconds, text } of rows.slice(0, MAX_FILES)) {
      console.log(`${seconds.toFixed(1).padStart(7)}  ${text}`)
    }
  }
}

function toRow(module: TestModule): { seconds: number; text: string } {
  const { prepareDuration, setupDuration, collectDuration, duration } = module.diagnostic()
  const milliseconds = prepareDuration + setupDuration + collectDuration + duration
  return {
    seconds: milliseconds / 1000,
    text: `${module.relativeModuleId} (${module.project.name})`,
  }
}
