/** Peers of npm: pinned in bench/package.json, installed here and not with Hearth. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

export const BENCH_FOLDER = new URL('..', import.meta.url).pathname

/** Needs the network once. The installer's output goes to standard error. */
export function installPackages(): void {
  const installed = `${BENCH_FOLDER}node_modules/.package-lock.json`
  if (existsSync(installed) && pinned(installed) === pinned(`${BENCH_FOLDER}package-lock.json`)) {
    return
  }
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: BENCH_FOLDER,
    stdio: ['ignore', 2, 2],
  })
}

/** The exact version that bench/package.json asks for. */
export function installedVersion(name: string): string {
  return readJSON(`${BENCH_FOLDER}package.json`).dependencies?.[name] ?? ''
}

interface PackageFile {
  dependencies?: Record<string, string>
  packages?: Record<string, { version?: string }>
}

function pinned(path: string): string {
  const packages = Object.entries(readJSON(path).packages ?? {})
  return JSON.stringify(
    packages.filter(([at]) => at !== '').map(([at, { version }]) => [at, version]),
  )
}

function readJSON(path: string): PackageFile {
  return JSON.parse(readFileSync(path, 'utf8')) as PackageFile
}
