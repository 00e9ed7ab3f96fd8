/** `npm run bench`: Hearth beside its peers and the floor, in one run. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { measureChurn } from './churn.ts'
import { measureObjectCalls } from './object-calls.ts'
import { describeMachine, NoisyMachine, percent } from './machine.ts'
import { requireQuietBefore, requireQuietDuring } from './machine.ts'
import { toAims, toPage } from './page.ts'
import { bareObject, bareWorker } from './peers/bare-worker.ts'
import { hearth, hearthCatalog, hearthWithPolicies } from './peers/hearth.ts'
import { installPeers } from './peers/installed.ts'
import { mcpProxy } from './peers/mcp-proxy.ts'
import { rawStdio } from './peers/raw-stdio.ts'
import { supergatewayStateful, supergatewayStateless } from './peers/supergateway.ts'
import { toPlot } from './plot.ts'
import type { Machine, Results, StepResults } from './results.ts'
import { othersDuring } from './quiet.ts'
import { measureTarget } from './rounds.ts'
import { FULL, QUICK } from './settings.ts'
import { soak, toSoakReport } from './soak.ts'
import { measureSteps, toStepTable } from './steps.ts'
import { TARGETS } from './targets.ts'
import { toTable } from './table.ts'

const FLOORS = [rawStdio, bareWorker, bareObject]
const PEERS = [
  ...FLOORS,
  supergatewayStateful,
  supergatewayStateless,
  mcpProxy,
  hearth,
  hearthWithPolicies,
  hearthCatalog,
]

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    target: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    seconds: { type: 'string', default: '600' },
    noisy: { type: 'boolean', default: false },
    rough: { type: 'boolean', default: false },
  },
})

const TARGET_NAMES = ['echo', 'everything'] as const

const RESULTS = new URL('results/', import.meta.url).pathname
const DOCS = new URL('../docs/', import.meta.url).pathname

const say = (line: string): void => console.error(line)

async function measure(machine: Machine): Promise<Results> {
  const profile = options.quick ? QUICK : FULL
  const settings = { ...profile, rounds: Number(options.rounds ?? profile.rounds) }
  const peers = PEERS.filter(({ name }) => options.only?.includes(name) ?? true)
  const targets = TARGET_NAMES.filter((name) => (options.target ?? settings.targets).includes(name))
  const results: Results = {
    date: new Date().toISOString().slice(0, 10),
    rounds: settings.rounds,
    machine,
    targets: [],
  }
  for (const name of targets) {
    results.targets.push(await measureTarget(TARGETS[name], peers, settings, say))
  }
  if (peers.includes(hearth) && settings.churn > 0 && !options.target) {
    say(`${settings.churn} connects and disconnects`)
    results.churn = await measureChurn(TARGETS.echo, settings.churn)
  }
  if (peers.includes(hearthWithPolicies)) {
    say('Durable Object calls for each request')
    results.objectCalls = await measureObjectCalls(TARGETS.echo)
  }
  return results
}

/** `npm run bench -- steps`. The rest of the page stays as the last whole run has left it. */
async function runSteps(): Promise<void> {
  const steps = await publishSteps()
  console.log(toStepTable(steps.steps))
  const results = JSON.parse(readFileSync(`${RESULTS}latest.json`, 'utf8')) as Results
  await write(`${DOCS}performance.md`, toPage(results, steps))
}

async function publishSteps(): Promise<StepResults> {
  const machine = await describeMachine()
  say('the steps of a warm call')
  const date = new Date().toISOString().slice(0, 10)
  const results = { date, machine, steps: measureSteps() }
  await write(`${RESULTS}steps.json`, JSON.stringify(results))
  return results
}

async function publish(results: Results): Promise<void> {
  mkdirSync(RESULTS, { recursive: true })
  await write(`${RESULTS}latest.json`, JSON.stringify(results))
  await write(`${DOCS}performance.md`, toPage(results, await publishSteps()))
  writeFileSync(`${DOCS}performance.svg`, toPlot(results))
  say('wrote bench/results/latest.json, docs/performance.md and docs/performance.svg')
}

/** In the project's format, so that a run never fails the format check. */
async function write(path: string, text: string): Promise<void> {
  const style = await resolveConfig(path)
  writeFileSync(path, await format(text, { ...style, filepath: path }))
}

async function runAll(): Promise<void> {
  const isComplete = !options.quick && !options.only && !options.target
  const mustBeQuiet = isComplete && !options.noisy
  const machine = await describeMachine()
  say(`others use ${percent(machine.othersShare ?? 0)} of the CPU`)
  if (mustBeQuiet) requireQuietBefore(machine)
  installPeers()
  const results = await measure(machine)
  const { median, worst } = othersDuring(results)
  say(
    `others used ${percent(median)} of the CPU while calls were counted, ${percent(worst)} at worst`,
  )
  console.log(`${toTable(results)}\n\n### Aims\n\n${toAims(results)}`)
  if (mustBeQuiet) requireQuietDuring(results)
  if (isComplete) await publish(results)
}

/** `npm run bench -- soak [--rough] [--seconds 600]`. It fails when an answer was another call's. */
async function runSoak(): Promise<void> {
  const result = await soak(Number(options.seconds) * 1000, options.rough)
  console.log(toSoakReport(result))
  process.exitCode = result.wrong === 0 && result.answered > 0 ? 0 : 1
}

const PARTS: Record<string, () => Promise<void>> = { steps: runSteps, soak: runSoak }

try {
  await (PARTS[positionals[0] ?? ''] ?? runAll)()
} catch (error) {
  if (!(error instanceof NoisyMachine)) throw error
  console.error(error.message)
  process.exitCode = 1
}
