/** What the object tells of a host program's figures, without starting one. */
import { expect, test } from 'vitest'
import { readOrigins } from '#durable-objects/server-host/processes/link/read-origins.ts'

const NAME = 'v1:acme:main'

test('a host program that sleeps is not asked', async () => {
  expect(await readOrigins(NAME, undefined)).toEqual({ isAwake: false, origins: [] })
})

test('one that was never called has no figures', async () => {
  const ask = async () => new Response('{"error":"not_found"}', { status: 404 })

  expect(await readOrigins(NAME, ask)).toEqual({ isAwake: true, origins: [] })
})

test('it is asked for the cell of this object alone', async () => {
  const asked: string[] = []
  const origins = [{ origin: 'https://mcp.example.com', requests: 1 }]
  const ask = async (path: string) => {
    asked.push(path)
    return Response.json({ origins })
  }

  expect(await readOrigins(NAME, ask)).toEqual({ isAwake: true, origins })
  expect(asked).toEqual(['/cells/v1%3Aacme%3Amain/origins'])
})

test('one that refuses to tell is a fault', async () => {
  const ask = async () => new Response(null, { status: 401 })

  await expect(readOrigins(NAME, ask)).rejects.toThrow('401')
})
