/** A package registry of a few packages, for installations that need no network. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface NPMRegistry {
  url: string
  /** How many times a package was fetched; without a name all of them. */
  downloads(name?: string): number
  /** From now on no package is given, until the function that is returned is called. */
  hold(): () => void
  close(): void
}

/** Packs the folders, of a package each, into `workDir` and serves them. */
export async function startNPMRegistry(
  folders: readonly string[],
  workDir: string,
): Promise<NPMRegistry> {
  const packages = await Promise.all(folders.map((folder) => pack(folder, workDir)))
  const fetched: string[] = []
  let given = Promise.resolve()
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo
    const path = (request.url ?? '').slice(1)
    const found = packages.find(({ manifest: { name } }) => path === name || path === `${name}.tgz`)
    if (found === undefined) return void response.writeHead(404).end('{}')
    const { name, version } = found.manifest
    if (path === name) {
      const dist = { tarball: `http://127.0.0.1:${port}/${name}.tgz` }
      const versions = { [version]: { ...found.manifest, dist } }
      return void response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }))
    }
    fetched.push(name)
    void given.then(() => response.end(found.tarball))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    downloads: (name) => fetched.filter((one) => name === undefined || one === name).length,
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      given = promise
      return resolve
    },
    close: () => server.close(),
  }
}

interface Packed {
  manifest: { name: string; version: string }
  tarball: Buffer
}

async function pack(folder: string, workDir: string): Promise<Packed> {
  await promisify(execFile)('npm', ['pack', folder, '--pack-destination', workDir])
  const text = await readFile(join(folder, 'package.json'), 'utf8')
  const manifest = JSON.parse(text) as Packed['manifest']
  const tarball = await readFile(join(workDir, `${manifest.name}-${manifest.version}.tgz`))
  return { manifest, tarball }
}
