/** A package registry of one package, for installations that need no network. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface NPMRegistry {
  url: string
  /** How many times the package was fetched. */
  downloads(): number
  /** From now on the package is not given, until the function that is returned is called. */
  hold(): () => void
  close(): void
}

/** Packs the folder into `workDir` and serves it. */
export async function startNPMRegistry(folder: string, workDir: string): Promise<NPMRegistry> {
  await promisify(execFile)('npm', ['pack', folder, '--pack-destination', workDir])
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    name: string
    version: string
  }
  const { name, version } = manifest
  const tarball = await readFile(join(workDir, `${name}-${version}.tgz`))
  let downloads = 0
  let given = Promise.resolve()
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo
    if (request.url === `/${name}.tgz`) {
      downloads += 1
      void given.then(() => response.end(tarball))
    } else if (request.url === `/${name}`) {
      const dist = { tarball: `http://127.0.0.1:${port}/${name}.tgz` }
      const versions = { [version]: { ...manifest, dist } }
      response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }))
    } else {
      response.writeHead(404).end('{}')
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    downloads: () => downloads,
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      given = promise
      return resolve
    },
    close: () => server.close(),
  }
}
