/** Runs the official conformance suite against one URL and reads what it found. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { stripVTControlCharacters } from 'node:util'

export type Requirements = '2025-11-25' | '2026-07-28'

/** A check that did not succeed: the spec's MUST is a failure, its SHOULD a warning. */
export interface Problem {
  check: string
  status: 'FAILURE' | 'WARNING'
  message: string
}

export interface ScenarioOutcome {
  scenario: string
  /** The suite's own verdict, which looks at failures only. */
  passed: boolean
  /** Why the suite runs it without scoring it; absent for a required scenario. */
  notScored?: string
  problems: Problem[]
}

interface Check {
  id: string
  status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO'
  errorMessage?: string
}

const BIN = path.join(
  path.dirname(
    createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json'),
  ),
  'dist/index.js',
)

/** The suite runs its scenarios one after another, some of which wait for seconds. */
const RUN_TIMEOUT_MS = 150_000

export async function runSuite(
  url: string,
  requirements: Requirements,
): Promise<ScenarioOutcome[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'hearth-conformance-'))
  try {
    const args = ['server', '--url', url, '--requirements', requirements, '-o', folder]
    const child = spawn(process.execPath, [BIN, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: RUN_TIMEOUT_MS,
    })
    const [output] = await Promise.all([readText(child.stdout), once(child, 'exit')])
    const summary = stripVTControlCharacters(output).split('=== SUMMARY ===')[1]
    if (summary === undefined) throw new Error(`The suite ended early:\n${output.slice(-4000)}`)
    return toOutcomes(summary, await readChecks(folder))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function toOutcomes(summary: string, checks: Map<string, Check[]>): ScenarioOutcome[] {
  const reasons = new Map(
    [...summary.matchAll(/^ {2}[✓✗] (\S+) \((\S+)\)$/gm)].map(([, name, why]) => [name, why]),
  )
  return [...summary.matchAll(/^([✓✗]) (\S+): \d+ passed/gm)].map(([, mark, scenario = '']) => {
    const notScored = reasons.get(scenario)
    return {
      scenario,
      passed: mark === '✓',
      ...(notScored === undefined ? {} : { notScored }),
      problems: (checks.get(scenario) ?? []).flatMap(toProblem),
    }
  })
}

function toProblem({ id, status, errorMessage }: Check): Problem[] {
  if (status !== 'FAILURE' && status !== 'WARNING') return []
  return [{ check: id, status, message: errorMessage ?? 'no message' }]
}

/** The suite writes one folder for each scenario: `server-{scenario}-{ISO time}`. */
async function readChecks(folder: string): Promise<Map<string, Check[]>> {
  const checks = new Map<string, Check[]>()
  for (const name of await readdir(folder)) {
    const scenario = /^server-(.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/.exec(name)?.[1]
    if (scenario === undefined) continue
    const file = await readFile(path.join(folder, name, 'checks.json'), 'utf8')
    checks.set(scenario, JSON.parse(file) as Check[])
  }
  return checks
}
