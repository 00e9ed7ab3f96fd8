/** Fixture servers as a gateway is configured with them, and the endpoint where one is served. */
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import type { StdioConfig } from '#protocol/server-config.ts'
import type { Gateway } from './gateway.ts'
import type { Target } from './http-client.ts'

type Config = z.input<typeof StdioConfig>

const SERVERS = fileURLToPath(new URL('../fixtures/servers/', import.meta.url))

/** `test/fixtures/servers/{name}.mjs`, without spares unless `changes` says so. */
export function fixture(name: string, changes: Partial<Config> = {}): Config {
  return { command: process.execPath, args: [`${SERVERS}${name}.mjs`], warm: 0, ...changes }
}

export function targetOf(gateway: Gateway, server: string): Target {
  return { url: gateway.mcpURL(server), token: gateway.token }
}
