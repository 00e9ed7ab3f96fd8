/** Which figures of a run hold an aim. */
import { expect, test } from 'vitest'
import { isCalm, judgeAims } from '../../bench/aims.ts'
import type { LoadResult, ChurnResult, PeerResult, Results } from '../../bench/results.ts'

const bare = peer('bare object', 'floor', [{}, {}, {}])

test('a ratio is the middle one of those of single rounds', () => {
  const hearth = peer('Hearth', 'subject', [{ p50Ms: 1.2 }, { p50Ms: 9 }, { p50Ms: 1.1 }])

  expect(judge('p50, 1 session', [bare, hearth])).toEqual(['1.20 ×', true])
})

test('a limit of time is a most, one of calls a least', () => {
  const fast = peer('Hearth', 'subject', [{ p99Ms: 1.9, callsPerSecond: 800 }])
  const slow = peer('Hearth', 'subject', [{ p99Ms: 2.1, callsPerSecond: 700 }])

  expect(judge('p99, 1 session', [bare, fast])).toEqual(['1.90 ×', true])
  expect(judge('p99, 1 session', [bare, slow])).toEqual(['2.10 ×', false])
  expect(judge('calls/s, 16 sessions', [bare, fast])).toEqual(['0.80 ×', true])
  expect(judge('calls/s, 16 sessions', [bare, slow])).toEqual(['0.70 ×', false])
})

test('the best gateway is the one of most calls', () => {
  const gateways = [
    peer('slow', 'gateway', [{ callsPerSecond: 10 }]),
    peer('quick', 'gateway', [{ callsPerSecond: 400 }]),
  ]
  const aims = judgeAims(toResults([bare, ...gateways, peer('Hearth', 'subject', [{}])]))

  expect(aims.find(({ limit }) => limit.includes('gateway'))).toMatchObject({
    limit: '≥ 2 × the best gateway (quick)',
    measured: '2.50 ×',
    held: true,
  })
})

test('what was not measured is missed', () => {
  const aims = judgeAims(toResults([]))

  expect(aims.map(({ measured, held }) => [measured, held])).toEqual(
    aims.map(() => ['not measured', false]),
  )
})

test('the former commit is judged by its own figures', () => {
  const former = peer('Hearth abc', 'former', [{ p50Ms: 3 }])
  const peers = [bare, peer('Hearth', 'subject', [{}]), former]

  expect(judge('p50, 1 session', peers)).toEqual(['1.00 ×', true])
  expect(judge('p50, 1 session', peers, 'former')).toEqual(['3.00 ×', false])
})

test('memory is back when the last two batches left what they found', () => {
  expect(isCalm([batch(1.05)])).toBe(false)
  expect(isCalm([batch(1.2), batch(1.05), batch(1.1)])).toBe(true)
  expect(isCalm([batch(1.05), batch(1.2), batch(1.05)])).toBe(false)
  expect(isCalm([batch(1), { ...batch(1), refused: 1 }])).toBe(false)
})

function judge(what: string, peers: PeerResult[], side?: 'former'): [string, boolean] | undefined {
  const aim = judgeAims(toResults(peers), side).find((one) => one.what === what)
  return aim && [aim.measured, aim.held]
}

function toResults(peers: PeerResult[]): Results {
  const machine = { cpus: 2, model: 'test', node: 'v24', loadAverage: 0 }
  return { date: '2026-01-01', rounds: 1, machine, targets: [{ target: 'echo', peers }] }
}

/** A round's figures are 1, its calls 1000 a second, where nothing else is said. */
function peer(name: string, role: PeerResult['role'], rounds: Partial<LoadResult>[]): PeerResult {
  const defaults: LoadResult = {
    ...{ calls: 1, failed: 0, callsPerSecond: 1_000, p50Ms: 1, p95Ms: 1, p99Ms: 1 },
    ...{ cpuMsPerCall: 1, productCPUMsPerCall: 1, cpuMsPerCallBy: {}, othersShare: 0 },
  }
  const measured = rounds.map((round) => ({ ...defaults, ...round }))
  return {
    ...{ peer: name, version: '', isolation: 'none', role, startMs: 0, recoveries: [] },
    rounds: measured.map((one) => ({ one, many: one })),
  }
}

function batch(growth: number): ChurnResult['batches'][number] {
  const before = { processes: 7, pssBytes: 100e6 }
  return { refused: 0, before, after: { ...before, pssBytes: growth * before.pssBytes } }
}
