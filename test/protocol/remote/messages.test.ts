import { expect, test } from 'vitest'
import { readIncoming } from '#protocol/remote/messages.ts'

test('an answer that begins with a byte order mark goes on without it', () => {
  const json = '{"jsonrpc":"2.0","id":1,"result":{}}'
  const [incoming] = readIncoming(new TextEncoder().encode(`\uFEFF${json}`))

  expect(new TextDecoder('utf-8', { ignoreBOM: true }).decode(incoming?.payload)).toBe(json)
})
