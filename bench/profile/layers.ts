/** Samples of a profile, told by the folders of the source. */
import { INTERVAL_US, type CPUProfile, type ProfileNode } from './inspector.ts'

const COLLECTOR = 'garbage collector'
/** A thread is sampled late when another has its core. */
const LONGEST_US = 2 * INTERVAL_US
/** A layer is at most so many folders deep. */
const DEPTH = 3

/** Where a frame is in the source; `undefined` for one that belongs to its caller. */
export type Locate = (frame: ProfileNode['callFrame']) => string | undefined

/** Microseconds by layer of all samples that are of JavaScript. */
export function timeByLayer(profile: CPUProfile, locate: Locate): Map<string, number> {
  const layers = layersOfNodes(profile.nodes, locate)
  const times = new Map<string, number>()
  for (const [at, id] of profile.samples.entries()) {
    const layer = layers.get(id)
    // The time of a sample lasts until the next one, but for what waits for a core.
    const us = Math.min(profile.timeDeltas[at + 1] ?? 0, LONGEST_US)
    if (layer !== undefined) times.set(layer, (times.get(layer) ?? 0) + us)
  }
  return times
}

/** The worker's bundle: esbuild writes the file's name above each module. */
export function locateInBundle(bundle: string): Locate {
  let file: string | undefined
  const files = bundle.split('\n').map((line) => {
    file = line.match(/^\s*\/\/ ([\w.@/-]+\.[cm]?[jt]s)$/)?.[1] ?? file
    return file
  })
  return ({ url, lineNumber }) => (url === '' ? undefined : files[lineNumber])
}

/** The same of a bundle that Node runs; its own modules are one layer. */
export function locateInNodeBundle(bundle: string): Locate {
  const locate = locateInBundle(bundle)
  return (frame) => (frame.url.startsWith('node:') ? 'Node/modules' : locate(frame))
}

function layersOfNodes(nodes: ProfileNode[], locate: Locate): Map<number, string | undefined> {
  const layers = new Map<number, string | undefined>()
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const visit = (node: ProfileNode, callers: string | undefined): void => {
    const file = locate(node.callFrame)
    const layer = file === undefined ? callers : toLayer(file)
    layers.set(node.id, node.callFrame.functionName === `(${COLLECTOR})` ? COLLECTOR : layer)
    for (const id of node.children ?? []) {
      const child = byId.get(id)
      if (child) visit(child, layer)
    }
  }
  const [root] = nodes
  if (root) visit(root, undefined)
  return layers
}

function toLayer(file: string): string {
  const folders = file.split('/').slice(0, -1)
  const at = folders.lastIndexOf('node_modules')
  return at < 0 ? folders.slice(0, DEPTH).join('/') : `${folders[at + 1]} (package)`
}
