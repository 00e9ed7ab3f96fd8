/** `npm run bench -- profile`: where the CPU of a warm call goes, by process and by layer of the source. */
import { readFileSync } from 'node:fs'
import { hostProgram, workerProgram } from '../cli/runtime/programs.ts'
import { load } from './load.ts'
import { startHearth } from './peers/hearth.ts'
import type { RunningPeer } from './peers/peer.ts'
import { nameOfProgram, programsIn } from './process-tree.ts'
import { freePort } from './program.ts'
import { connectProfiler, type Profiler } from './profile/inspector.ts'
import { locateInNodeBundle, locateInBundle, timeByLayer, type Locate } from './profile/layers.ts'
import type { ProfileShare } from './results.ts'
import { TARGETS } from './targets.ts'

const INSPECTED = new URL('./fixtures/inspected-workerd.mjs', import.meta.url).href
const WARM_UP_MS = 2_000
const DURATION_MS = 8_000
const HOST_PROGRAM = 'container/main.js'
const WORKERD = 'workerd'
/** What SIGUSR1 opens in Node. */
const NODE_INSPECTOR_PORT = 9229
/** Of a process; smaller layers are added up. */
const LEAST_SHARE = 0.02

/** One session, so that no process waits for a core while it is sampled. */
export async function measureProfile(): Promise<ProfileShare[]> {
  const inspectorPort = await freePort()
  const peer = await startHearth(TARGETS.echo, {
    env: { NODE_OPTIONS: `--import=${INSPECTED}`, BENCH_INSPECTOR_PORT: `${inspectorPort}` },
  })
  try {
    const profilers = {
      [WORKERD]: await connectProfiler(inspectorPort, (url) => url.endsWith('hearth')),
      [HOST_PROGRAM]: await profileHostProgram(peer),
    }
    return await sample(peer, profilers)
  } finally {
    await peer.stop()
  }
}

async function profileHostProgram(peer: RunningPeer): Promise<Profiler> {
  const host = programsIn(peer.pids()).find(({ program }) => program === HOST_PROGRAM)
  if (host === undefined) throw new Error('no host program is running')
  process.kill(host.pid, 'SIGUSR1')
  return connectProfiler(NODE_INSPECTOR_PORT)
}

async function sample(
  peer: RunningPeer,
  profilers: Record<string, Profiler>,
): Promise<ProfileShare[]> {
  const locate: Record<string, Locate> = {
    [WORKERD]: locateInBundle(await workerProgram()),
    [HOST_PROGRAM]: locateInNodeBundle(readFileSync(await hostProgram(), 'utf8')),
  }
  const session = await peer.openSession()
  const { command, args } = TARGETS.echo
  const server = nameOfProgram([command, ...args])
  await load(peer, [session], { durationMs: WARM_UP_MS, warmUpMs: 0, server })
  await Promise.all(Object.values(profilers).map((one) => one.start()))
  const { calls, cpuMsPerCallBy } = await load(peer, [session], {
    durationMs: DURATION_MS,
    warmUpMs: 0,
    server,
  })
  const shares: ProfileShare[] = []
  const byCPU = Object.entries(cpuMsPerCallBy).sort(([, one], [, other]) => other - one)
  for (const [program, cpuMs] of byCPU) {
    const profile = await profilers[program]?.stop()
    const find = locate[program]
    const times = profile && find ? timeByLayer(profile, find) : new Map<string, number>()
    shares.push(...toShares(program, cpuMs * 1_000, times, calls))
  }
  Object.values(profilers).forEach((one) => one.close())
  return shares
}

/** What no JavaScript accounts for is the runtime's and the kernel's. */
function toShares(
  process: string,
  us: number,
  times: Map<string, number>,
  calls: number,
): ProfileShare[] {
  const layers = [...times].map(([layer, total]) => ({ process, layer, us: total / calls }))
  const shown = layers.filter((share) => share.us >= LEAST_SHARE * us).sort((a, b) => b.us - a.us)
  const sumOf = (shares: ProfileShare[]): number => shares.reduce((sum, one) => sum + one.us, 0)
  const rest = [
    { process, layer: 'other JavaScript', us: sumOf(layers) - sumOf(shown) },
    { process, layer: 'no JavaScript', us: us - sumOf(layers) },
  ]
  return [...shown, ...rest].filter((share) => share.us >= 0.5)
}

/** By process, each with its layers. */
export function toProfileTable(shares: readonly ProfileShare[]): string {
  const total = shares.reduce((sum, { us }) => sum + us, 0)
  const row = (process: string, layer: string, us: number): string =>
    `| ${process} | ${layer} | ${us.toFixed(0)} | ${((100 * us) / total).toFixed(1)} % |`
  const rows = [...new Set(shares.map(({ process }) => process))].flatMap((process) => {
    const own = shares.filter((share) => share.process === process)
    const sum = own.reduce((added, { us }) => added + us, 0)
    const layers = own.length > 1 ? own.map(({ layer, us }) => row('', layer, us)) : []
    return [row(`**${process}**`, '', sum), ...layers]
  })
  const head = '| process | layer | µs per call | of all |'
  return [head, '| --- | --- | ---: | ---: |', ...rows].join('\n')
}
