import { readFile } from 'node:fs/promises'
import { dirname, join, resolve as resolvePath } from 'node:path'
import type { Resolved } from './resolved.ts'
import { StartError } from '../supervisor/spawn.ts'
import { isObject } from '#protocol/json-rpc.ts'
import type { ProcessLaunch } from '#protocol/link.ts'

export interface NpxRequest {
  name: string
  /** Version, range or tag; absent for any. */
  version?: string
  /** The binary to run; absent for the package's own. */
  bin?: string
  args: string[]
}

const PACKAGE = /^((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*)(?:@(.+))?$/i

/** Reads npx's arguments, or returns `undefined` for forms that are left to npx itself. */
export function parseNpx(args: readonly string[]): NpxRequest | undefined {
  const options = readOptions(args)
  if (options === undefined) return undefined
  const { spec, rest } = options
  const [command, ...programArgs] = rest
  const [, name, version] = PACKAGE.exec(spec ?? command ?? '') ?? []
  if (name === undefined || command === undefined || version?.includes(':')) return undefined
  return {
    name,
    ...(version === undefined ? {} : { version }),
    ...(spec === undefined ? {} : { bin: command }),
    args: programArgs,
  }
}

const IGNORED = new Set(['-y', '--yes', '-q', '--quiet'])

/** The package that is named by an option, and what follows the options. */
function readOptions(args: readonly string[]): { spec?: string; rest: string[] } | undefined {
  const rest = [...args]
  let found: { spec?: string } = {}
  for (let arg = rest[0]; arg?.startsWith('-'); arg = rest[0]) {
    rest.shift()
    if (arg === '--') break
    if (IGNORED.has(arg)) continue
    const spec = /^(?:-p|--package)$/.test(arg) ? rest.shift() : /^--package=(.*)/.exec(arg)?.[1]
    if (spec === undefined || found.spec !== undefined) return undefined
    found = { spec }
  }
  return { ...found, rest }
}

/** The package's program: of the working folder, of Hearth's own packages, or installed once. */
export async function resolveNpx(
  launch: ProcessLaunch,
  nodeModules: readonly string[],
  /** Returns the folder that has it in `node_modules`. */
  install: (spec: string) => Promise<string>,
): Promise<Resolved | undefined> {
  const request = parseNpx(launch.args)
  if (request === undefined) return undefined
  const { name, version, args } = request
  for (const folder of [...foldersAbove(launch.cwd), ...nodeModules]) {
    const manifest = await readManifest(join(folder, name))
    if (manifest === undefined || !satisfies(manifest.version, version)) continue
    const found = await findBin(join(folder, name), manifest, request)
    if (found !== undefined) return { file: found.file, args: [...found.args, ...args] }
  }
  const installed = await install(version === undefined ? name : `${name}@${version}`)
  const root = join(installed, 'node_modules', name)
  const manifest = await readManifest(root)
  const found = manifest && (await findBin(root, manifest, request))
  if (!found) throw new StartError(`package ${name} has no command ${request.bin ?? 'of its own'}`)
  return { file: found.file, args: [...found.args, ...args] }
}

function foldersAbove(cwd: string | undefined): string[] {
  const folders: string[] = []
  for (let folder = resolvePath(cwd ?? '.'); ; folder = dirname(folder)) {
    folders.push(join(folder, 'node_modules'))
    if (folder === dirname(folder)) return folders
  }
}

/** Only what needs no range arithmetic is taken from a folder; a range or a tag is installed. */
function satisfies(installed: string, wanted: string | undefined): boolean {
  return wanted === undefined || installed === wanted
}

interface Manifest {
  version: string
  bins: Record<string, string>
}

async function readManifest(root: string): Promise<Manifest | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    if (!isObject(manifest)) return undefined
    const { name, version, bin } = manifest
    const unscoped = String(name).replace(/^@[^/]*\//, '')
    const bins = typeof bin === 'string' ? { [unscoped]: bin } : isObject(bin) ? bin : {}
    return { version: String(version), bins: bins as Record<string, string> }
  } catch {
    return undefined
  }
}

/** As npx chooses: the one there is, else the one that has the package's name. */
async function findBin(
  root: string,
  { bins }: Manifest,
  { name, bin }: NpxRequest,
): Promise<Resolved | undefined> {
  const names = Object.keys(bins)
  const unscoped = name.replace(/^@[^/]*\//, '')
  const chosen = bin ?? (names.length === 1 ? names[0] : unscoped)
  const path = chosen === undefined ? undefined : bins[chosen]
  if (path === undefined) return undefined
  const file = join(root, path)
  return (await isNodeScript(file)) ? { file: process.execPath, args: [file] } : { file, args: [] }
}

async function isNodeScript(file: string): Promise<boolean> {
  try {
    const text = await readFile(file, 'utf8')
    const [firstLine = ''] = text.split('\n', 1)
    return firstLine.startsWith('#!') ? /\bnode\b/.test(firstLine) : /\.[cm]?js$/.test(file)
  } catch {
    return false
  }
}
