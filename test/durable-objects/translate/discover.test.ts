import { expect, test } from 'vitest'
import {
  readInitializeResult,
  toDiscoverResult,
} from '#durable-objects/server-host/translate/discover.ts'
import {
  readDiscoverResult,
  toInitializeResult,
} from '#durable-objects/server-host/translate/initialize-result.ts'
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
  expect(readInitializeResult(INITIALIZE_RESULT)).toEqual(FACTS)
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

test.each([undefined, null, [], {}, { protocolVersion: '2025-11-25', capabilities: {} }])(
  '%j is no initialize result',
  (result) => expect(readInitializeResult(result)).toBeUndefined(),
)

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
  const discovered = readDiscoverResult({ supportedVersions: [1, 'v'], capabilities: {} }, 'files')
  expect(discovered?.serverInfo).toEqual({ name: 'files', version: 'unknown' })
  expect(discovered?.supportedVersions).toEqual(['v'])
})

test.each([
  ['2024-11-05', '2024-11-05'],
  ['2026-07-28', '2025-11-25'],
  ['1999-01-01', '2025-11-25'],
  [undefined, '2025-11-25'],
])('a client that asks for %s gets %s', (asked, answered) => {
  expect(toInitializeResult(FACTS, asked).protocolVersion).toBe(answered)
})
