/**
 * A bundle kept from one start to the next, for as long as all that it was made of is as it was.
 * Plain JavaScript: the launcher needs it, too.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A file's time is that of the last tick of the system's clock. */
const MAX_CLOCK_LAG_MS = 20

/** The first line, which says what the rest was made of, is a comment. */
const HEAD = '// '

export async function keptBundle({ file, root, from, build }) {
  const kept = await readKept(file)
  if (kept !== undefined && kept.digest === (await digestOf(root, kept.inputs, from))) {
    return { text: kept.text, isKept: true }
  }
  const start = Date.now()
  const { text, inputs } = await build()
  // What was edited meanwhile may be in the bundle or not.
  if (!(await areOlder(root, inputs, start))) return { text, isKept: false }
  const digest = await digestOf(root, inputs, from)
  const isKept = await write(file, `${HEAD}${JSON.stringify({ digest, inputs })}\n${text}`)
  return { text, isKept }
}

async function readKept(file) {
  try {
    const content = await readFile(file, 'utf8')
    const end = content.indexOf('\n')
    const head = JSON.parse(content.slice(HEAD.length, end))
    return { ...head, text: content.slice(end + 1) }
  } catch {
    return undefined // there is none, or it is not one of ours
  }
}

async function digestOf(root, inputs, from) {
  const hash = createHash('sha256').update(JSON.stringify([from, inputs]))
  const contents = inputs.map((path) => readFile(join(root, path)).catch(() => 'absent'))
  for (const content of await Promise.all(contents)) {
    hash.update(`\n${content.length}\n`).update(content)
  }
  return hash.digest('hex')
}

async function areOlder(root, inputs, time) {
  const times = inputs.map((path) => stat(join(root, path)).catch(() => undefined))
  const latest = time - MAX_CLOCK_LAG_MS
  return (await Promise.all(times)).every((one) => one !== undefined && one.mtimeMs < latest)
}

/** In one step: another start may be reading it. False where nothing can be written. */
async function write(file, content) {
  const part = `${file}.${process.pid}`
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(part, content)
    await rename(part, file)
    return true
  } catch {
    return false
  }
}
