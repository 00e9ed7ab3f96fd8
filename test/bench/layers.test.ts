/** Samples of a profile, told by the folders of the source. */
import { expect, test } from 'vitest'
import type { ProfileNode } from '../../bench/profile/inspector.ts'
import { locateInBundle, locateInNodeBundle, timeByLayer } from '../../bench/profile/layers.ts'

const BUNDLE = `// worker/mcp/forward.ts
function forward() {
}
// node_modules/zod/v4/core/parse.js
function parse() {
}`

test('a sample belongs to the folder of the module above its line', () => {
  const nodes = [
    node(1, '(root)', '', 0, [2, 3]),
    node(2, 'forward', 'worker.js', 1),
    node(3, 'parse', 'worker.js', 4),
  ]

  expect(times(nodes, [2, 3, 3])).toEqual({ 'worker/mcp': 10, 'zod (package)': 20 })
})

test('what the engine does for a function is the time of that function', () => {
  const nodes = [
    node(1, '(root)', '', 0, [2]),
    node(2, 'forward', 'worker.js', 1, [3]),
    node(3, 'stringify', '', 0),
  ]

  expect(times(nodes, [3, 2])).toEqual({ 'worker/mcp': 20 })
})

test('the collector is a layer, and what is no JavaScript is none', () => {
  const nodes = [
    node(1, '(root)', '', 0, [2, 3]),
    node(2, '(program)', '', 0),
    node(3, '(garbage collector)', '', 0),
  ]

  expect(times(nodes, [2, 3])).toEqual({ 'garbage collector': 10 })
})

test('of a bundle that Node runs, its own modules are a layer, too', () => {
  const locate = locateInNodeBundle(BUNDLE)
  const frame = { functionName: 'send', lineNumber: 1 }

  expect(locate({ ...frame, url: 'file:///hearth/main.js' })).toBe('worker/mcp/forward.ts')
  expect(locate({ ...frame, url: 'node:net' })).toBe('Node/modules')
  expect(locate({ ...frame, url: '' })).toBeUndefined()
})

/** Each sample lasts 10 µs. */
function times(nodes: ProfileNode[], samples: number[]): Record<string, number> {
  const timeDeltas = [0, ...samples.map(() => 10)]
  const profile = { nodes, samples, timeDeltas }
  return Object.fromEntries(timeByLayer(profile, locateInBundle(BUNDLE)))
}

function node(
  id: number,
  functionName: string,
  url: string,
  lineNumber: number,
  children: number[] = [],
): ProfileNode {
  return { id, children, callFrame: { functionName, url, lineNumber } }
}
