import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import path from 'node:path'

/** The script behind a package's command; started with `process.execPath`, no shim between. */
export function resolveBin(packageName: string, command: string): string {
  const roots = createRequire(import.meta.url).resolve.paths(packageName) ?? []
  for (const root of roots) {
    const folder = path.join(root, packageName)
    const manifest = readManifest(folder)
    const script = typeof manifest?.bin === 'string' ? manifest.bin : manifest?.bin?.[command]
    if (script !== undefined) return path.join(folder, script)
  }
  throw new Error(`${packageName} with a command ${command} is not installed`)
}

function readManifest(folder: string): { bin?: string | Record<string, string> } | undefined {
  try {
    return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
      bin?: string | Record<string, string>
    }
  } catch {
    // Not in this node_modules folder: the next one up is tried.
    return undefined
  }
}
