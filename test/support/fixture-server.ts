/** Fixture servers as a gateway is configured with them, and the endpoint where one is served. */
import { fileURLToPath } from 'node:url'
import type { Gateway, GatewayOptions } from './gateway.ts'
import type { Target } from './http-client.ts'

type Config = GatewayOptions['servers'][string]

const SERVERS = fileURLToPath(new URL('../fixtures/servers/', import.meta.url))

/** `test/fixtures/servers/{name}.mjs`, without spares unless `changes` says so. */
export function fixture(name: string, changes: Partial<Config> = {}): Config {
  return { command: process.execPath, args: [`${SERVERS}${name}.mjs`], warm: 0, ...changes }
}

export function targetOf(gateway: Gateway, server: string): Target {
  return { url: gateway.mcpURL(server), token: gateway.token }
}
