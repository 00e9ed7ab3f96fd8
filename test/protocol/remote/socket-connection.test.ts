/** MCP over a WebSocket from the client's side: the engine alone, over a socket that a test holds. */
import { afterEach, expect, test } from 'vitest'
import type { RemoteSocketRequest } from '#protocol/remote/remote.ts'
import { connectTo, type RemoteClient } from '#test/support/remote-client.ts'

let client: RemoteClient
let request: RemoteSocketRequest
let sent: string[]
let isClosed: boolean

afterEach(() => client.connection.close())

function open(url = 'wss://a.example/mcp', allowPrivate = false): string[] {
  const dialled: string[] = []
  sent = []
  isClosed = false
  client = connectTo(url, {
    transport: 'websocket',
    allowPrivate,
    headers: { 'X-Key': 'key' },
    maxMessageBytes: 100,
    connectWebSocket: (target, asked) => {
      dialled.push(target)
      request = asked
      const send = (text: string) => void sent.push(text)
      return Promise.resolve({ send, close: () => void (isClosed = true) })
    },
  })
  return dialled
}

test('one message is one text frame, and one frame is one message', async () => {
  const dialled = open('https://a.example/mcp')
  await client.connection.opened
  client.send({ id: 1, method: 'ping' })
  request.onMessage('{"jsonrpc":"2.0",\n"id":1,"result":{}}')
  request.onMessage('no message')

  expect(dialled).toEqual(['wss://a.example/mcp'])
  expect(request).toMatchObject({ protocols: ['mcp'], headers: { 'X-Key': 'key' } })
  expect(sent).toEqual(['{"jsonrpc":"2.0","id":1,"method":"ping"}'])
  expect(client.heard).toMatchObject([{ what: 'message', meta: { kind: 'response', id: 1 } }])
})

test('a frame over the bound is discarded', async () => {
  open()
  await client.connection.opened
  request.onMessage(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { text: 'x'.repeat(100) } }))

  expect(client.heard).toMatchObject([{ what: 'oversize' }])
})

test('the end of the socket is the end of the session, once', async () => {
  open()
  await client.connection.opened
  request.onClose('closed')
  request.onClose('closed')

  expect(client.heard).toMatchObject([{ what: 'over', error: { code: 'server_exited' } }])
})

test('a close from here is no end that anybody hears of', async () => {
  open()
  await client.connection.opened
  await client.connection.close()

  expect(isClosed).toBe(true)
  expect(client.heard).toEqual([])
})

test('a private address is not dialled', async () => {
  const dialled = open('ws://127.0.0.1:9/mcp')

  await expect(client.connection.opened).rejects.toMatchObject({ code: 'remote_address_forbidden' })
  expect(dialled).toEqual([])
})
