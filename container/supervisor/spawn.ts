import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { User } from '../host/settings.ts'

/** Of 1000: as if the process had half of all memory more than it has. */
const OOM_SCORE_ADJ = '500'

/** The kernel reads no more of a script's first line. */
const MAX_FIRST_LINE_BYTES = 256

export interface Program {
  file: string
  args: string[]
  cwd?: string | undefined
  /** The whole environment of the process. */
  env: Record<string, string>
  /** Whom it runs as; absent: as the host program does. */
  user?: User | undefined
}

/** Why a process could not be started; the message is public, and so is what a package manager printed. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly output: readonly string[]

  constructor(message: string, output: readonly string[] = []) {
    super(message)
    this.output = output
  }
}

/**
 * Starts a process as the leader of its own group, so that everything it starts ends with it.
 * Throws `StartError` when the system refuses.
 */
export async function spawnProgram(program: Program): Promise<ChildProcessWithoutNullStreams> {
  const child = start(program)
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
  } catch (error) {
    throw await toStartError(error, program)
  }
  child.on('error', () => undefined)
  preferToHost(child.pid)
  return child
}

/** When memory runs out the kernel ends one process: let it be a server, and not what supervises them all. */
function preferToHost(pid: number | undefined): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, OOM_SCORE_ADJ)
  } catch {
    // It is gone already, or the system is another.
  }
}

function start({ file, args, cwd, env, user }: Program): ChildProcessWithoutNullStreams {
  try {
    return spawn(file, args, {
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      ...user,
    })
  } catch (error) {
    // Thrown for arguments that the system cannot take, such as a NUL byte.
    throw new StartError(`the command cannot be run: ${codeOf(error)}`)
  }
}

async function toStartError(error: unknown, program: Program): Promise<StartError> {
  const { file, cwd } = program
  // A missing folder is reported by the system as a missing command.
  if (cwd !== undefined && !(await isFolder(cwd))) {
    return new StartError(`working folder not found: ${cwd}`)
  }
  const code = codeOf(error)
  if (code === 'ENOENT') return new StartError(await explainMissing(file))
  if (code === 'EACCES') return new StartError(`command is not executable: ${file}`)
  return new StartError(`the command cannot be run: ${file}: ${code}`)
}

/** So, too, is the interpreter that a script's first line names. */
async function explainMissing(file: string): Promise<string> {
  const interpreter = file.includes('/') ? await readInterpreter(file) : undefined
  if (interpreter === undefined) return `command not found: ${file}`
  return `${file} names an interpreter that is not there: ${interpreter}`
}

async function readInterpreter(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_FIRST_LINE_BYTES))
    await handle.close()
    return /^#!\s*(\S+)/.exec(buffer.toString('utf8', 0, bytesRead))?.[1]
  } catch {
    return undefined // it is the file that is missing
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
