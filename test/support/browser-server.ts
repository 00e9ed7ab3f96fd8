/** Playwright's MCP server with the system's Chromium: each process of it has a browser of its own. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { resolveBin } from '#test/e2e/clients/bins.ts'

const run = promisify(execFile)

/** As a gateway is configured with it. Rejects where there is no Chromium. */
export async function browserServer(outputFolder: string) {
  const chromium = await findChromium()
  return {
    command: process.execPath,
    args: [
      resolveBin('@playwright/mcp', 'playwright-mcp'),
      ...['--headless', '--isolated', '--no-sandbox'],
      ...['--executable-path', chromium, '--output-dir', outputFolder],
    ],
    warm: 0,
  }
}

export async function findChromium(): Promise<string> {
  try {
    const { stdout } = await run('which', ['chromium'])
    return stdout.trim()
  } catch (cause) {
    throw new Error('Chromium is needed for this test: apt-get install chromium', { cause })
  }
}
