/** `npm run bench`: Hearth beside its peers and the floor, in one run. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { toBeside } from './beside.ts'
import { describeMachine, NoisyMachine, percent } from './machine.ts'
import { requireQuietBefore, requireQuietDuring } from './machine.ts'
import { toAims, toPage } from './page.ts'
import { buildFormer } from './peers/former.ts'
import { toPlot } from './plot.ts'
import { measureProfile, toProfileTable } from './profile.ts'
import { othersDuring } from './quiet.ts'
import type { Machine, ProfileResults, Results, StepResults } from './results.ts'
import { measure } from './run.ts'
import { FULL, QUICK, type Settings } from './settings.ts'
import { soak, toSoakReport } from './soak.ts'
import { measureSteps, toStepTable } from './steps.ts'
import { toTable } from './table.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    target: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    beside: { type: 'string' },
    noisy: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '600' },
    rough: { type: 'boolean', default: false },
  },
})

const RESULTS = new URL('results/', import.meta.url).pathname
const DOCS = new URL('../docs/', import.meta.url).pathname

const say = (line: string): void => console.error(line)

/** `npm run bench -- [--quick] [--only NAME] [--target NAME] [--rounds N] [--beside COMMIT] [--noisy]`. */
async function runAll(): Promise<void> {
  const isComplete = !options.quick && !options.only && !options.target
  const mustBeQuiet = isComplete && !options.noisy
  const machine = await describeMachine()
  say(`others use ${percent(machine.othersShare ?? Number.NaN)} of the CPU`)
  if (mustBeQuiet) requireQuietBefore(machine)
  const results = await measureBeside(machine)
  const others = othersDuring(results)
  say(`meanwhile others used ${percent(others.median)}, and ${percent(others.worst)} at worst`)
  const beside = results.former === undefined ? [] : ['### Beside', ...toBeside(results)]
  const parts = [toTable(results), '### Aims', toAims(results), ...beside]
  console.log(parts.join('\n\n'))
  if (mustBeQuiet) requireQuietDuring(results)
  if (isComplete) await publish(results)
}

async function measureBeside(machine: Machine): Promise<Results> {
  const { only, beside } = options
  if (beside !== undefined) say(`installing ${beside}`)
  const former = beside === undefined ? undefined : buildFormer(beside)
  try {
    return await measure(machine, { settings: toSettings(), only, former, say })
  } finally {
    former?.remove()
  }
}

function toSettings(): Settings {
  const profile = options.quick ? QUICK : FULL
  return {
    ...profile,
    rounds: Number(options.rounds ?? profile.rounds),
    targets: options.target ?? profile.targets,
    churn: options.target ? 0 : profile.churn,
  }
}

/** `npm run bench -- steps [--noisy]`. The rest of the page stays as the last whole run has left it. */
async function runSteps(): Promise<void> {
  const steps = await timeSteps()
  console.log(toStepTable(steps.steps))
  if (!options.noisy) requireQuietBefore(steps.machine)
  await keep('steps', steps)
  await writePage()
}

/** `npm run bench -- profile [--noisy]`. The same. */
async function runProfile(): Promise<void> {
  const profile = await takeProfile()
  console.log(toProfileTable(profile.shares))
  if (!options.noisy) requireQuietBefore(profile.machine)
  await keep('profile', profile)
  await writePage()
}

async function timeSteps(): Promise<StepResults> {
  const machine = await describeMachine()
  say('the steps of a warm call')
  return { date: today(), machine, steps: measureSteps() }
}

async function takeProfile(): Promise<ProfileResults> {
  const machine = await describeMachine()
  say('the profile of a warm call')
  return { date: today(), machine, shares: await measureProfile() }
}

async function publish(results: Results): Promise<void> {
  await keep('latest', results)
  await keep('steps', await timeSteps())
  await keep('profile', await takeProfile())
  await writePage()
  writeFileSync(`${DOCS}performance.svg`, toPlot(results))
  say('wrote bench/results, docs/performance.md and docs/performance.svg')
}

async function keep(name: string, results: object): Promise<void> {
  mkdirSync(RESULTS, { recursive: true })
  await write(`${RESULTS}${name}.json`, JSON.stringify(results))
}

/** From what the last runs of each kind have left. */
async function writePage(): Promise<void> {
  const read = (name: string): unknown => JSON.parse(readFileSync(`${RESULTS}${name}.json`, 'utf8'))
  const profile = existsSync(`${RESULTS}profile.json`) ? read('profile') : undefined
  const page = toPage(
    read('latest') as Results,
    read('steps') as StepResults,
    profile as ProfileResults | undefined,
  )
  await write(`${DOCS}performance.md`, page)
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}

/** In the project's format, so that a run never fails the format check. */
async function write(path: string, text: string): Promise<void> {
  const style = await resolveConfig(path)
  writeFileSync(path, await format(text, { ...style, filepath: path }))
}

/** `npm run bench -- soak [--rough] [--seconds 600]`. It fails when an answer was another call's. */
async function runSoak(): Promise<void> {
  const result = await soak(Number(options.seconds) * 1000, options.rough)
  console.log(toSoakReport(result))
  process.exitCode = result.wrong === 0 && result.answered > 0 ? 0 : 1
}

const PARTS: Record<string, () => Promise<void>> = {
  steps: runSteps,
  profile: runProfile,
  soak: runSoak,
}

try {
  await (PARTS[positionals[0] ?? ''] ?? runAll)()
} catch (error) {
  if (!(error instanceof NoisyMachine)) throw error
  console.error(error.message)
  process.exitCode = 1
}
