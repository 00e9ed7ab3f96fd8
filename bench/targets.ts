/** The two servers that all peers are given. */
import { createRequire } from 'node:module'
import type { Target } from './peers/peer.ts'

const EVERYTHING = '@modelcontextprotocol/server-everything/dist/index.js'

export const TARGETS: Record<Target['name'], Target> = {
  echo: {
    name: 'echo',
    command: process.execPath,
    args: [new URL('./fixtures/echo.mjs', import.meta.url).pathname],
    pauseMs: 250,
  },
  everything: {
    name: 'everything',
    command: process.execPath,
    args: [createRequire(import.meta.url).resolve(EVERYTHING), 'stdio'],
    pauseMs: 900,
  },
}
