/** Peers of PyPI: each in a virtual environment of its own, pinned in bench/requirements. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BENCH_FOLDER } from './installed.ts'

/** Needs the network once, and a Python of 3.11 or later. */
export function installEnvironment(name: string): void {
  const folder = folderOf(name)
  const wanted = requirementsOf(name)
  const installed = join(folder, 'installed.txt')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === wanted) return
  rmSync(folder, { recursive: true, force: true })
  const run = (command: string, args: string[]): void => {
    execFileSync(command, args, { stdio: ['ignore', 2, 2] })
  }
  run('python3', ['-m', 'venv', folder])
  run(programOf(name, 'pip'), ['install', '--quiet', '--requirement', pathOf(name)])
  writeFileSync(installed, wanted)
}

/** A program of the environment, as `python`. */
export function programOf(name: string, program: string): string {
  return join(folderOf(name), 'bin', program)
}

/** The one that the environment's requirements ask for. */
export function versionOf(name: string, distribution: string): string {
  const lines = requirementsOf(name).split('\n')
  return lines.find((line) => line.startsWith(`${distribution}==`))?.split('==')[1] ?? ''
}

function folderOf(name: string): string {
  return join(BENCH_FOLDER, '.venv', name)
}

function pathOf(name: string): string {
  return join(BENCH_FOLDER, 'requirements', `${name}.txt`)
}

function requirementsOf(name: string): string {
  return readFileSync(pathOf(name), 'utf8')
}
