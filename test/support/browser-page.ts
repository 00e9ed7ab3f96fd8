/** Pages of an origin of their own, and a real browser that visits one. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { findChromium } from './browser-server.ts'
import { within } from './event-reader.ts'
import { WebOrigin } from './web-origin.ts'

const PAGES = fileURLToPath(new URL('../fixtures/pages/', import.meta.url))
const VISIT_MS = 50_000

export interface Pages {
  origin: string
  /** What the page posted to `/report`. */
  visit(query: Record<string, string>): Promise<unknown>
  close(): Promise<void>
}

/** Serves `test/fixtures/pages/{name}.mjs`. */
export async function servePage(name: string): Promise<Pages> {
  const script = await bundle(`${PAGES}${name}.mjs`)
  let onReport: (report: unknown) => void = () => undefined
  const pages = await WebOrigin.start({
    answer: ({ url = '' }, response, body) => {
      if (url === '/report') onReport(JSON.parse(body))
      const isScript = url === '/page.js'
      response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html')
      response.end(isScript ? script : '<script type="module" src="/page.js"></script>')
    },
  })
  const { origin } = new URL(pages.url)
  return {
    origin,
    visit: async (query) => {
      const reported = new Promise((resolve) => (onReport = resolve))
      const leave = await openBrowser(`${origin}/?${new URLSearchParams(query)}`)
      return within(reported, VISIT_MS).finally(leave)
    },
    close: () => pages.close(),
  }
}

async function openBrowser(url: string): Promise<() => Promise<void>> {
  const chromium = await findChromium()
  const profile = await mkdtemp(join(tmpdir(), 'hearth-page-'))
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run']
  const browser = spawn(chromium, [...flags, `--user-data-dir=${profile}`, url], {
    stdio: 'ignore',
  })
  return async () => {
    const exited = browser.exitCode === null ? once(browser, 'exit') : undefined
    browser.kill('SIGKILL')
    await exited
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    ...{ bundle: true, write: false, format: 'esm', platform: 'browser', target: 'es2024' },
  })
  return outputFiles[0]?.text ?? ''
}
