/** A bundle kept from one start to the next, for as long as all that it was made of is as it was. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A file's time is that of the last tick of the system's clock. */
const MAX_CLOCK_LAG_MS = 20

export interface Bundle {
  text: string
  /** Every file that it was made of, from `root`. */
  inputs: string[]
}

export interface KeptBundleOptions {
  /** Where it is kept; the next bundle replaces it. */
  file: string
  /** The folder that `inputs` start at. */
  root: string
  /** What else it follows from, such as the version and the options of the bundler. */
  from: string
  build: () => Promise<Bundle>
}

/** Throws what `build` throws. Where nothing can be written, the next start builds again. */
export async function keptBundle({ file, root, from, build }: KeptBundleOptions): Promise<string> {
  const kept = await readKept(file)
  if (kept !== undefined && kept.digest === (await digestOf(root, kept.inputs, from))) {
    return kept.text
  }
  const start = Date.now()
  const { text, inputs } = await build()
  // What was edited meanwhile may be in the bundle or not.
  if (await areOlder(root, inputs, start)) {
    const digest = await digestOf(root, inputs, from)
    await write(file, `${JSON.stringify({ digest, inputs })}\n${text}`)
  }
  return text
}

/** The first line says what the rest was made of. */
async function readKept(file: string): Promise<(Bundle & { digest: string }) | undefined> {
  try {
    const content = await readFile(file, 'utf8')
    const end = content.indexOf('\n')
    const head = JSON.parse(content.slice(0, end)) as { digest: string; inputs: string[] }
    return { ...head, text: content.slice(end + 1) }
  } catch {
    return undefined // there is none, or it is not one of ours
  }
}

async function digestOf(root: string, inputs: string[], from: string): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([from, inputs]))
  const contents = inputs.map((path) => readFile(join(root, path)).catch(() => 'absent'))
  for (const content of await Promise.all(contents)) {
    hash.update(`\n${content.length}\n`).update(content)
  }
  return hash.digest('hex')
}

async function areOlder(root: string, inputs: string[], time: number): Promise<boolean> {
  const times = inputs.map((path) => stat(join(root, path)).catch(() => undefined))
  const latest = time - MAX_CLOCK_LAG_MS
  return (await Promise.all(times)).every((one) => one !== undefined && one.mtimeMs < latest)
}

/** In one step: another start may be reading it. */
async function write(file: string, content: string): Promise<void> {
  const part = `${file}.${process.pid}`
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(part, content)
    await rename(part, file)
  } catch {
    // not kept
  }
}
