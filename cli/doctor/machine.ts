/** Whether there is room: memory, disk; and what keeps servers from the rest of the machine. */
import { existsSync, statfsSync } from 'node:fs'
import { totalmem } from 'node:os'
import { dirname } from 'node:path'
import { fail, ok, warn, type Finding } from './finding.ts'

const MEGABYTE = 1024 * 1024
/** Hearth itself, and a server or two. */
const LEAST_MEMORY_BYTES = 256 * MEGABYTE
/** Ten common servers. */
const COMFORTABLE_MEMORY_BYTES = 1024 * MEGABYTE
/** From here on `hearth up` warns while it runs. */
const LEAST_DISK_BYTES = 256 * MEGABYTE
/** Packages of ten common servers. */
const COMFORTABLE_DISK_BYTES = 2048 * MEGABYTE

export function checkMemory(free = process.availableMemory()): Finding {
  // Without a bound of its group, a process is told more than there is.
  const all = Math.min(process.constrainedMemory() || Infinity, totalmem())
  const text = `${toMegabytes(free)} free of ${toMegabytes(all)}`
  if (free < LEAST_MEMORY_BYTES) {
    return fail('memory', `${text}: too little for Hearth and a server. End other programs`)
  }
  if (free >= COMFORTABLE_MEMORY_BYTES) return ok('memory', text)
  return warn('memory', `${text}: enough for a few servers. End other programs, or serve fewer`)
}

/** `folder` may not be there yet. */
export function checkDisk(folder: string): Finding {
  const there = firstThere(folder)
  const { bavail, bsize } = statfsSync(there)
  const free = bavail * bsize
  const text = `${toMegabytes(free)} free for ${folder}`
  if (free < LEAST_DISK_BYTES)
    return fail('disk', `${text}: make room, or give --data another disk`)
  if (free >= COMFORTABLE_DISK_BYTES) return ok('disk', text)
  return warn('disk', `${text}: packages of servers may not fit. Make room`)
}

/** The folder, or the nearest above it. */
export function firstThere(folder: string): string {
  return existsSync(folder) ? folder : firstThere(dirname(folder))
}

export function checkIsolation(): Finding {
  if (existsSync('/.dockerenv') || existsSync('/run/.containerenv')) {
    return ok('isolation', 'this is a container: servers have what it has, and are not apart in it')
  }
  if (process.getuid?.() === 0) {
    return warn(
      'isolation',
      'you are root, so servers would be, too: start Hearth as another user, or in a container',
    )
  }
  return ok(
    'isolation',
    'none: servers run as you and can do what you can. Serve only those that you trust',
  )
}

function toMegabytes(bytes: number): string {
  return `${Math.round(bytes / MEGABYTE)} MB`
}
