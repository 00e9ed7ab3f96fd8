import { access, stat } from 'node:fs/promises'
import { join, resolve as resolvePath } from 'node:path'
import type { Resolved } from './resolved.ts'
import { StartError } from '../supervisor/spawn.ts'
import type { ProcessLaunch } from '#protocol/link.ts'

export interface UvxRequest {
  /** What is installed: a package with its version, or a folder. */
  spec: string
  /** Other options of the installation, as they were given. */
  options: string[]
  bin: string
  args: string[]
}

/** uvx's options that mean the same to `uv tool install`, with a value. */
const PASSED = new Set(['--with', '--python', '-p', '--index-url', '--extra-index-url', '--index'])

/** Reads uvx's arguments, or returns `undefined` for forms that are left to uvx itself. */
export function parseUvx(args: readonly string[]): UvxRequest | undefined {
  const read = readOptions(args)
  const [command, ...programArgs] = read?.rest ?? []
  if (read === undefined || command === undefined) return undefined
  const [bin = command, version] = command.split('@')
  const pinned = version === undefined || version === 'latest' ? bin : `${bin}==${version}`
  return {
    spec: read.from ?? pinned,
    options: read.options,
    bin: bin.replace(/\[.*$/, ''),
    args: programArgs,
  }
}

interface Options {
  from: string | undefined
  options: string[]
  rest: string[]
}

function readOptions(args: readonly string[]): Options | undefined {
  const read: Options = { from: undefined, options: [], rest: [...args] }
  const { options, rest } = read
  for (let arg = rest[0]; arg?.startsWith('-'); arg = rest[0]) {
    rest.shift()
    if (arg === '-q' || arg === '--quiet') continue
    const [name, inline] = splitOption(arg)
    const value = inline ?? rest.shift()
    if (value === undefined) return undefined
    if (name === '--from') read.from = value
    else if (PASSED.has(name)) options.push(name, value)
    else return undefined
  }
  return read
}

function splitOption(arg: string): [string, string | undefined] {
  const at = arg.startsWith('--') ? arg.indexOf('=') : -1
  return at === -1 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)]
}

/** The tool's own entry point, installed once. */
export async function resolveUvx(
  launch: ProcessLaunch,
  /** Returns the folder that has its commands. */
  install: (spec: string, stamp: string, options: readonly string[]) => Promise<string>,
): Promise<Resolved | undefined> {
  const request = parseUvx(launch.args)
  if (request === undefined) return undefined
  const spec = await toAbsoluteSpec(request.spec, launch.cwd)
  const bins = await install(spec.text, spec.stamp, request.options)
  const file = join(bins, request.bin)
  try {
    await access(file)
  } catch {
    throw new StartError(`package ${request.spec} has no command ${request.bin}`)
  }
  return { file, args: request.args }
}

/** A folder is installed again when its project file has changed. */
async function toAbsoluteSpec(
  spec: string,
  cwd: string | undefined,
): Promise<{ text: string; stamp: string }> {
  if (!/^[./~]/.test(spec)) return { text: spec, stamp: '' }
  const path = resolvePath(cwd ?? '.', spec)
  try {
    const project = await stat(join(path, 'pyproject.toml'))
    return { text: path, stamp: String(project.mtimeMs) }
  } catch {
    return { text: path, stamp: '' }
  }
}
