/** One run: every peer in front of every target, in turn. */
import { measureChurn } from './churn.ts'
import { measureObjectCalls } from './object-calls.ts'
import { isOptional, PEERS } from './peers/all.ts'
import type { Former } from './peers/former.ts'
import { hearth, hearthWithPolicies } from './peers/hearth.ts'
import { BENCH_FOLDER } from './peers/installed.ts'
import type { Peer } from './peers/peer.ts'
import type { Machine, Missing, Results } from './results.ts'
import { measureTarget, type Watcher } from './rounds.ts'
import { type Settings } from './settings.ts'
import { TARGETS } from './targets.ts'

const TARGET_NAMES = ['echo', 'everything'] as const

export interface Run {
  settings: Settings
  /** Names; absent: all. */
  only?: readonly string[] | undefined
  /** Measured beside the others. */
  former?: Former | undefined
  say(line: string): void
}

export async function measure(machine: Machine, run: Run): Promise<Results> {
  const { settings, only, former, say } = run
  const missing: Missing[] = []
  const watcher: Watcher = {
    say,
    leaveOut: (peer, error) => {
      const why = toReason(error)
      say(`${peer.name} is left out: ${why}`)
      missing.push({ peer: peer.name, why })
    },
  }
  const wanted = PEERS.filter(({ name }) => only?.includes(name) ?? true)
  const peers = [...installAll(wanted, watcher), ...(former?.peers ?? [])]
  const results: Results = {
    date: new Date().toISOString().slice(0, 10),
    rounds: settings.rounds,
    machine,
    targets: [],
    missing,
    ...(former && { former: former.commit }),
  }
  for (const name of TARGET_NAMES.filter((one) => settings.targets.includes(one))) {
    const left = peers.filter(({ name: peer }) => !missing.some((one) => one.peer === peer))
    results.targets.push(await measureTarget(TARGETS[name], left, settings, watcher))
  }
  await measureRest(results, run, peers)
  return results
}

/** What Hearth alone is asked. */
async function measureRest(results: Results, run: Run, peers: readonly Peer[]): Promise<void> {
  const { settings, former, say } = run
  const { churn } = settings
  if (peers.includes(hearth) && churn > 0) {
    say(`${churn} connects and disconnects, again and again`)
    results.churn = await measureChurn(TARGETS.echo, churn)
    if (former) results.formerChurn = await measureChurn(TARGETS.echo, churn, former)
  }
  if (peers.includes(hearthWithPolicies)) {
    say('Durable Object calls for each request')
    results.objectCalls = await measureObjectCalls(TARGETS.echo)
  }
}

/** One line, which tells nothing of where this project is. */
function toReason(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  return line.replaceAll(BENCH_FOLDER, 'bench/')
}

function installAll(peers: readonly Peer[], { leaveOut }: Watcher): Peer[] {
  return peers.filter((peer) => {
    try {
      peer.install?.()
      return true
    } catch (error) {
      if (!isOptional(peer)) throw error
      leaveOut(peer, error)
      return false
    }
  })
}
