/**
 * One `hearth up` for each data folder. The lock is a listening local socket, because the system
 * ends it with its process, however that dies; a file with a process id would outlive it.
 */
import { createHash } from 'node:crypto'
import { existsSync, realpathSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from './failure.ts'

/** Throws `Failure` when another process has the folder. Closing the server gives it back. */
export async function lockDataFolder(folder: string): Promise<Server> {
  const path = lockPath(realpathSync(folder))
  const taken = await listen(path)
  if (taken !== undefined) return taken
  if (await answers(path)) throw inUse(folder)
  // Only a file-based socket gets here: its process died without removing it.
  rmSync(path, { force: true })
  const lock = await listen(path)
  if (lock === undefined) throw inUse(folder)
  return lock
}

/** Whether a `hearth up` has the folder; false for a folder that does not exist. */
export async function isDataFolderLocked(folder: string): Promise<boolean> {
  return existsSync(folder) && answers(lockPath(realpathSync(folder)))
}

function inUse(folder: string): Failure {
  return new Failure(
    `the data folder ${folder} is in use by another hearth: stop that one, or give --data another folder`,
  )
}

function lockPath(folder: string): string {
  const name = `hearth-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`
  return process.platform === 'linux' ? `\0${name}` : join(tmpdir(), `${name}.sock`)
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(path, () => {
      server.unref()
      resolve(server)
    })
  })
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
