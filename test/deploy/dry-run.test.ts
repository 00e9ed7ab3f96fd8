/** What `wrangler deploy` would upload, without an account and without Docker. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '../..')
const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
const DRY_RUN = ['deploy', '--dry-run', '--minify', '--containers-rollout=none']
const DEPLOY_MS = 60_000

/** Minified and gzipped. Measured 227 KiB, and room for 2 % more; start-up time grows with it. */
const MAX_GZIP_BYTES = 232 * 1024

let folder: string
let output: string
let bundle: string
let sources: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-deploy-'))
  const env = { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false' }
  const result = await run(process.execPath, [WRANGLER, ...DRY_RUN, '--outdir', folder], {
    cwd: ROOT,
    env,
  })
  output = result.stdout
  bundle = await readFile(join(folder, 'index.js'), 'utf8')
  const map = JSON.parse(await readFile(join(folder, 'index.js.map'), 'utf8')) as {
    sources: string[]
  }
  sources = map.sources
}, DEPLOY_MS)

afterAll(() => rm(folder, { recursive: true, force: true }))

test('the worker deploys with its objects, its container and nothing to warn of', () => {
  expect(output).toContain('env.TENANT (Tenant)')
  expect(output).toContain('env.SERVER_HOST (ContainerServerHost)')
  expect(output).toContain('env.FLOOD_SHIELD (1000 requests/10s)')
  expect(output).toMatch(/containers are available:\s+- hearth-containerserverhost/)
  expect(output).not.toContain('WARNING')
})

test('the bundle stays within its budget', () => {
  expect(gzipSync(bundle).length).toBeLessThan(MAX_GZIP_BYTES)
})

test('the bundle has neither the MCP SDK nor a built-in module of Node', () => {
  const packages = sources.filter((source) => source.includes('node_modules'))
  // They read files of clients, which the command alone does.
  expect(packages.filter((source) => /node_modules\/(yaml|smol-toml)\//.test(source))).toEqual([])
  expect(packages.some((source) => source.includes('node_modules/hono/'))).toBe(true)

  expect(packages.filter((source) => source.includes('@modelcontextprotocol'))).toEqual([])
  expect(bundle).not.toMatch(/(from|require\(|import\()\s*["']node:/)
  expect(bundle).not.toMatch(/["'](node:)?child_process["']/)
})
