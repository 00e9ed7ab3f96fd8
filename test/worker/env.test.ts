import { describe, expect, test } from 'vitest'
import { createDeps, type Env } from '#worker/env.ts'

const publicOrigin = (PUBLIC_URL?: string) =>
  createDeps({ ...(PUBLIC_URL !== undefined && { PUBLIC_URL }) } as Env).publicOrigin

describe('PUBLIC_URL', () => {
  test.each([
    ['https://mcp.example.com', 'https://mcp.example.com'],
    ['https://MCP.example.com:443/', 'https://mcp.example.com'],
    ['http://127.0.0.1:8787', 'http://127.0.0.1:8787'],
    ['', undefined],
    [undefined, undefined],
  ])('%j is the origin %j', (text, origin) => {
    expect(publicOrigin(text)).toBe(origin)
  })

  test.each([
    'mcp.example.com',
    'https://mcp.example.com/hearth',
    'https://mcp.example.com/?a',
    'https://mcp.example.com/#a',
    'https://user@mcp.example.com',
    'ftp://mcp.example.com',
    'https://',
    'x',
  ])('%j is refused, by its name and value', (text) => {
    expect(() => publicOrigin(text)).toThrow(`PUBLIC_URL must be an origin`)
    expect(() => publicOrigin(text)).toThrow(text)
  })
})
