/** docs/performance.md: written from a run, so that no figure in it is typed by hand. */
import { judgeAims } from './aims.ts'
import { toBeside } from './beside.ts'
import { percent } from './machine.ts'
import { toProfileTable } from './profile.ts'
import { othersDuring, QUIET_SHARE } from './quiet.ts'
import {
  ratioOf,
  type LoadFigure,
  type PeerResult,
  type Phase,
  type ProfileResults,
  type Results,
  type StepResults,
} from './results.ts'
import { FULL, MANY_SESSIONS } from './settings.ts'
import { toStepTable } from './steps.ts'
import { toTable } from './table.ts'

export function toPage(results: Results, steps: StepResults, profile?: ProfileResults): string {
  return [
    '# Performance',
    introduce(results),
    '![Bars: calls, new sessions and modern calls of Hearth, its peers and raw stdio](performance.svg)',
    '## Aims',
    'On the echo server where no other is named, with a process for each session and authentication on. Ratios are medians over rounds.',
    toAims(results),
    '## Figures',
    'Milliseconds unless a unit is given; medians over rounds.',
    toTable(results),
    ...toMissing(results),
    ...(results.former === undefined ? [] : ['## Beside a former commit', ...toBeside(results)]),
    '## Hearth beside each peer',
    'Median of the ratios of single rounds. Latency below 1 and calls/s above 1 are better than the peer.',
    toRatios(results),
    '## Durable Object calls for each request',
    'Counted in the worker with every policy on. The one hop to the server host is the way of the call itself.',
    toObjectCalls(results),
    '## Step by step',
    explainSteps(steps),
    toStepTable(steps.steps),
    ...(profile === undefined
      ? []
      : ['## By layer', explainProfile(profile), toProfileTable(profile.shares)]),
    '## Method',
    explainMethod(results),
    '',
  ].join('\n\n')
}

function introduce(results: Results): string {
  const { cpus, model, node, loadAverage, othersShare = Number.NaN } = results.machine
  const during = othersDuring(results)
  const isQuiet = during.median <= QUIET_SHARE
  return [
    `Measured on ${results.date} with \`npm run bench\` on ${cpus} cores (${model}), Node ${node}.`,
    `Before it the load average was ${loadAverage.toFixed(2)}, and others took ${percent(othersShare)} of the CPU; while calls were counted ${percent(during.median)}`,
    `(median; ${percent(during.worst)} at worst). ${isQuiet ? 'The machine was quiet.' : '**The machine was not quiet**: read ratios, not milliseconds.'}`,
    'This page, its plot and `bench/results/latest.json` come from one run, the table of single steps from another.',
  ].join('\n')
}

function explainSteps({ date, machine, steps }: StepResults): string {
  const { loadAverage, node } = machine
  const stated = steps.filter(({ elsewhereNs }) => elsewhereNs !== undefined)
  const slower = stated.filter(({ ns, elsewhereNs = 0 }) => ns > elsewhereNs)
  return `What Hearth's own code costs a warm call where it waits for nothing: each step by itself, in Node ${node} on ${date}
with \`npm run bench -- steps\`, load average ${loadAverage.toFixed(2)}. The time is that of the fastest of many rounds. *Stated elsewhere* is what another
gateway, of compiled code, says of its steps of these names; what it does in them need not be the same. Hearth takes longer in
${slower.length} of these ${stated.length}.`
}

function toMissing({ missing = [] }: Results): string[] {
  const left = missing.map(({ peer, why }) => `${peer} (${why})`)
  return left.length === 0 ? [] : [`Not measured: ${left.join('; ')}.`]
}

function explainProfile({ date, machine }: ProfileResults): string {
  const { othersShare = Number.NaN } = machine
  return `Where the CPU of a warm call goes: one session on the echo server, by the sampling profilers of workerd and of the host program,
on ${date} with \`npm run bench -- profile\`, others at ${percent(othersShare)} of the CPU. A layer is a folder of the source; what a layer calls of the
engine is counted as its own; *Node* is its own modules. *No JavaScript* is the rest of the process's CPU time: runtime, engine and kernel. To sample costs time, too.`
}

export function toAims(results: Results): string {
  const rows = judgeAims(results).map(
    ({ what, limit, measured, held }) =>
      `| ${what} | ${limit} | ${measured} | ${held ? 'held' : '**missed**'} |`,
  )
  return ['| what | aim | measured | |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

const RATIOS: [title: string, phase: Phase, figure: LoadFigure][] = [
  ['1 session p50', 'one', 'p50Ms'],
  ['1 session p99', 'one', 'p99Ms'],
  ['16 sessions calls/s', 'many', 'callsPerSecond'],
  ['16 sessions p99', 'many', 'p99Ms'],
  ['modern p50', 'modern', 'p50Ms'],
  ['CPU per call', 'many', 'cpuMsPerCall'],
]

function toRatios(results: Results): string {
  const rows = results.targets.flatMap(({ target, peers }) => {
    const hearth = peers.find(({ role }) => role === 'subject')
    const others = peers.filter((peer) => peer !== hearth)
    return hearth ? others.map((peer) => ratioRow(target, hearth, peer)) : []
  })
  const titles = RATIOS.map(([title]) => title)
  const head = `| server | Hearth ÷ | ${titles.join(' | ')} |`
  const rule = `| --- | --- |${' ---: |'.repeat(titles.length)}`
  return [head, rule, ...rows].join('\n')
}

function ratioRow(target: string, hearth: PeerResult, peer: PeerResult): string {
  const cells = RATIOS.map(([, phase, figure]) => {
    const ratio = ratioOf(hearth, peer, phase, figure)
    return ratio === undefined ? '–' : ratio.toPrecision(2)
  })
  return `| ${target} | ${peer.peer} | ${cells.join(' | ')} |`
}

function toObjectCalls({ objectCalls = [] }: Results): string {
  const rows = objectCalls.map(({ what, requests, serverHost, rateLimiter, tenant }) => {
    const cells = [serverHost, rateLimiter, tenant].map((calls) => calls.toFixed(3))
    return `| ${what} | ${requests.toLocaleString('en')} | ${cells.join(' | ')} |`
  })
  const head = '| | requests | ServerHost | RateLimiter | Tenant |'
  return [head, '| --- | ---: | ---: | ---: | ---: |', ...rows].join('\n')
}

function explainMethod({ rounds }: Results): string {
  return `- All products run with their defaults, but write no line for a call (Hearth: \`--log-level warn\`), on the same Node, in front of the same two stdio servers: \`echo\` (bench/fixtures/echo.mjs, which does
  nothing, so that only the way is measured) and the official everything server. Hearth is started as a user starts it, with authentication on.
- *All policies*: a token of scopes and a deny list, a token bucket for the tenant, a sliding window for the caller, a fixed window for the tool, a
  monthly quota and a concurrency limit, none of which refuses.
- */mcp*: the same server and call by the URL of all servers as one, under the tool's name there.
- Floors: *raw stdio* is the client speaking to the process itself; *bare Worker* is workerd answering at once, with no Durable Object and no process;
  *bare object* is a Worker that passes each message to a Durable Object, and that over one WebSocket to a Node process that answers: Hearth's own
  way with nothing on it.
- Pipes put one stdio server behind HTTP: supergateway and mcp-proxy. Gateways serve several servers as one and ask for a token. *FastMCP proxy* is
  \`create_proxy\` of a configuration file, which is what \`fastmcp run mcp.json --transport http\` serves, with a verifier of fixed tokens, which only the
  library can turn on. *ContextForge* is its \`translate\` bridge before the server and its gateway before that, on SQLite, with JWTs, its own rate limits
  off. Each is given one server, as Hearth is.
- ToolHive's \`vmcp\` is not measured: it reaches servers by URL alone, and starts a stdio server only in a container.
- One client for all of them: Node's HTTP with keep-alive connections. It runs on the same cores. Every answer is checked against what was sent.
- ${rounds} rounds; in each, every peer in turn (A B C D, then B C D A …): ${FULL.oneSessionMs / 1000} s with one session, ${FULL.manySessionsMs / 1000} s with ${MANY_SESSIONS} sessions, ${FULL.modernMs / 1000} s of 2026-07-28
  calls, ${FULL.newSessions} new sessions. Each phase has a warm-up of ${FULL.warmUpMs} ms that is not counted. All sessions are opened before and kept; peers that wait use no CPU.
- Closed loop: a session sends its next call when the last is answered, so calls/s and latency are two sides of one thing.
- New session: \`initialize\`, \`notifications/initialized\` and \`tools/list\`, one client at a time, with a pause before each that is longer than the server
  takes to start.
- Memory is PSS of the whole process tree, servers included, from /proc: after one session has come and gone, and with ten idle sessions more.
- CPU per call is user and system time of the same tree over the calls of the 16-session phase: every process of the product counts, the command that
  started it included.
- A figure is the median of its rounds' values (p99 is that of each round), a ratio the median of the ratios of single rounds.
- What others take of the CPU is what the machine was busy with beyond the benchmark and the peer in turn, time that its host took away included. Above
  ${percent(QUIET_SHARE)} no page is written without \`--noisy\`.
- After \`kill -9\` of the process behind a session the client goes on calling: the time until an answer, how many calls failed, and whether it had to
  initialise again. The worst of ${FULL.kills} is shown. The process is gone when the first call is sent; the gateway may not have noticed yet.
- Connects and disconnects: in equal parts with DELETE, without, without \`notifications/initialized\`, and cut in the middle of \`initialize\`;
  Hearth's \`idleTimeoutMs\` is 1 s and its \`maxProcesses\` 256 in this part. Batches follow each other until two in a row leave what they found.
- Repeat it with \`npm run bench\`; \`npm run bench -- --quick\` takes some minutes and writes nothing, \`npm run bench -- --beside COMMIT\` measures
  that commit in the same rounds, \`npm run bench -- steps\` measures the steps alone,
  \`npm run bench -- profile\` the layers.
- \`npm run bench -- soak\` lets clients come, call and go for ten minutes, and fails on an answer that was another call's; with \`--rough\` processes, host program and workerd are killed meanwhile.`
}
