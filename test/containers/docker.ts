/** What the Docker engine says of the containers that workerd starts for one worker. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const DOCKER = process.env.WRANGLER_DOCKER_BIN ?? 'docker'
const COMMAND_TIMEOUT_MS = 30_000
const CLASS_NAME = 'ContainerServerHost'

interface RunningContainer {
  id: string
  name: string
}

export interface HostContainer extends RunningContainer {
  /** The machine name inside: the sidecar's short id, because the two share a network. */
  hostname: string
}

/** Throws when no engine answers. */
export async function requireEngine(): Promise<void> {
  try {
    await docker('info', '--format', '{{.ServerVersion}}')
  } catch (cause) {
    throw new Error('these tests need a Docker engine that answers `docker info`', { cause })
  }
}

/** The containers of the worker's host programs, without the network sidecar that each has. */
export async function hostContainers(worker: string): Promise<HostContainer[]> {
  const all = await listContainers(worker)
  const hosts = all.filter(({ name }) => !name.endsWith('-proxy'))
  return hosts.map((host) => {
    const sidecar = all.find(({ name }) => name === `${host.name}-proxy`)
    return { ...host, hostname: sidecar?.id ?? '' }
  })
}

/** Running, sidecars included. */
export async function listContainers(worker: string): Promise<RunningContainer[]> {
  const filter = `name=${worker}-${CLASS_NAME}`
  const output = await docker('ps', '--filter', filter, '--format', '{{.ID}} {{.Names}}')
  const lines = output.split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const [id = '', name = ''] = line.split(' ')
    return { id, name }
  })
}

/** Resolves when the container has ended. */
export async function untilStopped(id: string, deadlineMs: number): Promise<void> {
  await run(DOCKER, ['wait', id], { timeout: deadlineMs })
}

/** SIGTERM to its first process, as a rollout or a restart of the machine begins. */
export async function terminateContainer(id: string): Promise<void> {
  await docker('kill', '--signal', 'TERM', id)
}

/** SIGKILL to everything in the container, as when its machine is lost. */
export async function killContainer(id: string): Promise<void> {
  await docker('kill', id)
}

/** Where the container listens on the engine's network: its sidecar's address, because the two share one. */
export async function addressOf({ name }: RunningContainer): Promise<string> {
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
  return (await docker('inspect', '--format', format, `${name}-proxy`)).trim()
}

/** In cores. */
export async function limitProcessor(id: string, cores: number): Promise<void> {
  await docker('update', '--cpus', String(cores), id)
}

/** There is no swap. */
export async function limitMemory(id: string, mib: number): Promise<void> {
  await docker('update', '--memory', `${mib}m`, '--memory-swap', `${mib}m`, id)
}

async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run(DOCKER, args, { timeout: COMMAND_TIMEOUT_MS })
  return stdout
}
