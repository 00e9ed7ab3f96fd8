/**
 * Runs a script of this project on the pinned Node, installing what is missing first.
 * Plain JavaScript for Node 18 and newer: it is what runs before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import * as module from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bundleOf, nodeBuild } from './bundles.mjs'

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

const OLDEST_NODE = [22, 12]
/** From here on Node strips types without a flag. */
const STRIPS_TYPES = [22, 18]

/** The script has had a signal. */
let isStopping = false

/** Runs `script` with `args`; this process takes on its exit code. Never returns on failure. */
export async function launch(script, args) {
  // A published package has no lockfile: its installer has brought all there is.
  if (existsSync(join(ROOT, 'package-lock.json')) && !isInstalled()) install()
  const { node, flags } = findNode()
  const program = script.endsWith('.ts') ? await toBundle(script) : script
  if (program !== undefined && realpathSync(node) === realpathSync(process.execPath)) {
    return run(program, args)
  }
  const child = spawn(node, [...flags, program ?? script, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // A process group of its own: a terminal's Ctrl-C then reaches the runtime only through us,
    // so that calls in flight can end before the processes that serve them.
    detached: process.platform !== 'win32',
  })
  forwardSignals(child)
  // After another signal this one would mean "at once".
  endWithParent(() => isStopping || child.kill('SIGTERM'))
}

/** The file of the command's bundle; `undefined` for another script, and where none can be made or kept. */
async function toBundle(script) {
  const source = 'cli/main.ts'
  if (resolve(script) !== join(ROOT, source)) return undefined
  // Of a source that does not compile, Node tells when it runs it.
  const { file } = await bundleOf(ROOT, source, nodeBuild).catch(() => ({}))
  if (file !== undefined) module.enableCompileCache?.(join(dirname(file), '..', 'compiled'))
  return file
}

/** In this process: one more would only wait for it. */
async function run(program, args) {
  process.argv = [process.execPath, program, ...args]
  endWithParent(() => process.emit('disconnect') || process.kill(process.pid, 'SIGTERM'))
  await import(pathToFileURL(program).href)
}

/** True when node_modules holds exactly what the lockfile asks for on this platform. */
function isInstalled() {
  const wanted = readPackages(join(ROOT, 'package-lock.json'))
  const found = readPackages(join(ROOT, 'node_modules', '.package-lock.json'))
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true
    const present = found[path]
    if (present === undefined) return entry.optional === true
    return present.version === entry.version && present.integrity === entry.integrity
  })
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? {}
  } catch {
    return {} // absent or broken: everything counts as missing
  }
}

/** Standard output belongs to the script that runs afterwards, so npm's goes to standard error. */
function install() {
  const args = ['ci', '--no-audit', '--no-fund', '--json=false', '--loglevel=error']
  console.error('hearth: installing dependencies (npm ci); this happens once')
  const npm = process.env.npm_execpath
  const options = { cwd: ROOT, stdio: ['ignore', 2, 2] }
  const result =
    npm !== undefined && basename(npm) === 'npm-cli.js'
      ? spawnSync(process.execPath, [npm, ...args], options)
      : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
  if (result.status === 0) return
  const why = result.error?.message ?? `exit code ${result.status ?? result.signal}`
  fail(`npm ci failed in ${ROOT} (${why}): the lines above say why. Mend that and start again`)
}

function findNode() {
  const pinned = [join(ROOT, 'node_modules', '.bin', 'node'), join(ROOT, '..', '.bin', 'node')]
  const node = pinned.find((path) => existsSync(path))
  if (node !== undefined) return { node, flags: [] }
  if (!isAtLeast(OLDEST_NODE)) {
    fail(`Node ${OLDEST_NODE.join('.')} or newer is needed; this is ${process.version}`)
  }
  const flags = isAtLeast(STRIPS_TYPES) ? [] : ['--experimental-strip-types']
  return { node: process.execPath, flags }
}

function isAtLeast([major, minor]) {
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

function forwardSignals(child) {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) {
    process.on(signal, () => {
      isStopping = true
      child.kill(signal)
    })
  }
  child.on('error', (error) => fail(`cannot start Node: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    for (const name of signals) process.removeAllListeners(name)
    process.kill(process.pid, signal)
  })
}

/** npx passes a signal on to its shell, which dies of it and tells nobody. */
function endWithParent(end) {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    end()
  }, PARENT_CHECK_MS)
  watch.unref()
}

const PARENT_CHECK_MS = 250

function fail(message) {
  console.error(`hearth: ${message}`)
  process.exit(1)
}
