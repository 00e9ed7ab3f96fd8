import { expect, test } from 'vitest'
import { toDiscoverResult } from '#durable-objects/server-host/translate/discover.ts'
import {
  readDiscoverResult,
  toInitializeResult,
} from '#durable-objects/server-host/translate/initialize-result.ts'
import {
  completeInitializeResult,
  initializeFault,
  readInitializeResult,
} from '#durable-objects/server-host/translate/server-facts.ts'
import { toInitializeParams } from '#durable-objects/server-host/translate/to-legacy-capabilities.ts'
import { toModernCapabilities } from '#durable-objects/server-host/translate/to-modern-request.ts'
import { INITIALIZE_RESULT } from './everything-frames.ts'

const { tasks: _tasks, ...OFFERED } = INITIALIZE_RESULT.capabilities
const FACTS = {
  capabilities: INITIALIZE_RESULT.capabilities,
  serverInfo: INITIALIZE_RESULT.serverInfo,
  instructions: INITIALIZE_RESULT.instructions,
}

test('a legacy server is discovered as it initialised, without tasks', () => {
  expect(readInitializeResult(INITIALIZE_RESULT, 'everything')).toEqual(FACTS)
  expect(toDiscoverResult(FACTS)).toEqual({
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: OFFERED,
    instructions: INITIALIZE_RESULT.instructions,
    ttlMs: 60_000,
    cacheScope: 'private',
    _meta: { 'io.modelcontextprotocol/serverInfo': INITIALIZE_RESULT.serverInfo },
  })
})

test('extensions are offered, tasks among them are not', () => {
  const ui = { 'io.modelcontextprotocol/ui': {} }
  const tasks = { 'io.modelcontextprotocol/tasks': {} }
  const offered = (extensions: object): unknown => {
    return toDiscoverResult({ serverInfo: {}, capabilities: { extensions } }).capabilities
  }
  expect(offered({ ...ui, ...tasks })).toEqual({ extensions: ui })
  expect(offered(tasks)).toEqual({})
})

test.each([undefined, null, [], 'text', { protocolVersion: '2099-01-01' }, { protocolVersion: 1 }])(
  'nothing can be made of an initialize result that is %j',
  (result) => expect(readInitializeResult(result, 'odd')).toBeUndefined(),
)

test('what an initialize result lacks is assumed, and named', () => {
  expect(readInitializeResult({}, 'odd')).toEqual({
    capabilities: { tools: {}, prompts: {}, resources: {} },
    serverInfo: { name: 'odd', version: 'unknown' },
    lacks: [
      'it named no protocolVersion',
      'it named no valid serverInfo',
      'it named no capabilities, so each list is asked for',
    ],
  })
})

test.each([
  [[], { tools: {}, prompts: {}, resources: {} }],
  [true, { tools: {}, prompts: {}, resources: {} }],
  [
    { tools: true, prompts: null, resources: [] },
    { tools: {}, resources: {} },
  ],
  [{ tools: { listChanged: true } }, { tools: { listChanged: true } }],
])('capabilities of %j are read as %j', (capabilities, read) => {
  const told = { ...INITIALIZE_RESULT, capabilities }
  expect(readInitializeResult(told, 'odd')?.capabilities).toEqual(read)
  expect(completeInitializeResult(told, '2025-06-18', 'odd').capabilities).toEqual(read)
})

test('a revision that nobody knows is right where the client asked for it', () => {
  const result = { ...INITIALIZE_RESULT, protocolVersion: '2099-01-01' }
  expect(initializeFault(result, '2099-01-01')).toBeUndefined()
  expect(initializeFault(result, '2025-06-18')).toContain('revision 2099-01-01')
  expect(completeInitializeResult(result, '2099-01-01', 'odd')).toBe(result)
})

test('what is shown of an odd revision is short and plain', () => {
  const protocolVersion = `\u001b[31m${'x'.repeat(1_000)}`
  expect(initializeFault({ protocolVersion })).toMatch(/^[ -~]{1,300}$/)
})

test('a process is told what the modern client can do, but not of its roots', () => {
  const declared = { roots: {}, elicitation: { form: {}, url: {} }, sampling: { tools: {} }, x: {} }
  const clientInfo = { name: 'hearth', version: '1' }

  const params = (roots: boolean): unknown => {
    return toInitializeParams({ capabilities: declared, clientInfo, roots })
  }

  const { roots, ...others } = declared
  const common = { protocolVersion: '2025-11-25', clientInfo }
  expect(params(false)).toEqual({ ...common, capabilities: others })
  expect(params(true)).toEqual({ ...common, capabilities: { ...others, roots } })
})

test('a modern server is told what the legacy client can do, without tasks and list changes', () => {
  const declared = { roots: { listChanged: true }, sampling: {}, tasks: { list: {} } }
  expect(toModernCapabilities(declared, false)).toEqual({ sampling: {} })
  expect(toModernCapabilities(declared, true)).toEqual({ sampling: {}, roots: {} })
})

test('a modern server initialises as it was discovered', () => {
  const discovered = readDiscoverResult(toDiscoverResult(FACTS), 'everything')
  expect(discovered).toEqual({ ...FACTS, capabilities: OFFERED, supportedVersions: ['2026-07-28'] })
  expect(discovered && toInitializeResult(discovered, '2025-06-18')).toEqual({
    protocolVersion: '2025-06-18',
    capabilities: OFFERED,
    serverInfo: INITIALIZE_RESULT.serverInfo,
    instructions: INITIALIZE_RESULT.instructions,
  })
})

test('a modern server that does not say who it is goes by its configured name', () => {
  const supportedVersions = [1, '2026-07-28']
  const discovered = readDiscoverResult({ supportedVersions, capabilities: {} }, 'files')
  expect(discovered?.serverInfo).toEqual({ name: 'files', version: 'unknown' })
  expect(discovered?.supportedVersions).toEqual(['2026-07-28'])
})

test.each([
  null,
  [],
  {},
  { content: [] },
  { supportedVersions: ['2025-11-25'], capabilities: {} },
  { supportedVersions: '2026-07-28', capabilities: {} },
  { supportedVersions: ['2026-07-28'] },
  { supportedVersions: ['2026-07-28'], capabilities: [] },
  { supportedVersions: ['2026-07-28'], capabilities: {}, resultType: 'input_required' },
])('%j does not prove the modern era', (result) => {
  expect(readDiscoverResult(result, 'odd')).toBeUndefined()
})

test.each([
  ['2024-11-05', '2024-11-05'],
  ['2026-07-28', '2025-11-25'],
  ['1999-01-01', '2025-11-25'],
  [undefined, '2025-11-25'],
])('a client that asks for %s gets %s', (asked, answered) => {
  expect(toInitializeResult(FACTS, asked).protocolVersion).toBe(answered)
})
