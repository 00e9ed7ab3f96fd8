/** Whether `hearth up` can use its data folder, and who does already. */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { isDataFolderLocked } from '../data-lock.ts'
import { findEndpoint } from '../endpoint-file.ts'
import { fail, ok, warn, type Finding } from './finding.ts'
import { firstThere } from './machine.ts'

const OTHERS = 0o077

export async function checkDataFolder(folder: string): Promise<Finding> {
  if (!existsSync(folder)) return checkParent(folder)
  const stats = statSync(folder)
  if (!stats.isDirectory()) {
    return fail('data folder', `${folder} is a file: move it away, or give --data another folder`)
  }
  if (!isWritable(folder)) {
    return fail('data folder', `${folder} is not yours to write: give --data another folder`)
  }
  if (await isDataFolderLocked(folder)) return describeUse(folder)
  if (process.platform !== 'win32' && (stats.mode & OTHERS) !== 0) {
    return warn(
      'data folder',
      `other users may look into ${folder}, which has tokens: chmod 700 it`,
    )
  }
  return ok('data folder', `${folder}, not in use`)
}

function checkParent(folder: string): Finding {
  const parent = firstThere(folder)
  if (isWritable(parent)) return ok('data folder', `${folder} is made at the first start`)
  return fail('data folder', `${folder} cannot be made: ${parent} is not yours to write`)
}

async function describeUse(folder: string): Promise<Finding> {
  const endpoint = await findEndpoint(folder)
  if (endpoint === undefined) {
    return ok('data folder', `${folder} is in use by a hearth up that starts, or ends`)
  }
  const { pid, url } = endpoint
  return ok('data folder', `${folder} is in use by hearth up (process ${pid}), which serves ${url}`)
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
