import { expect, test } from 'vitest'
import { decodeHostCall, readHostBody, toHostRequest, type HostCall } from '#protocol/host-call.ts'

const CALL: HostCall = {
  requestId: 'r',
  receivedAt: 1,
  tenant: 'acme',
  principal: 'token:1',
  credential: 'token:1',
  server: 'files',
  configVersion: 3,
  era: 'legacy',
  http: 'POST',
  target: 'café → 🔥\u007f',
}

function toRequest(text: string): Request {
  const bytes = new TextEncoder().encode(text)
  return new Request('https://host/call', toHostRequest(CALL, { bytes, text }))
}

test('a call arrives as it was sent, whatever characters it has', () => {
  expect(decodeHostCall(toRequest('{}').headers)).toEqual(CALL)
})

const BODIES: { name: string; text: string; inHeader: boolean }[] = [
  { name: 'small', text: '{"a":1}', inHeader: true },
  { name: 'not ASCII', text: '{"a":"é"}', inHeader: false },
  { name: 'in lines', text: '{\n"a":1}', inHeader: false },
  { name: 'large', text: JSON.stringify('x'.repeat(5_000)), inHeader: false },
]

test.each(BODIES)('a body that is $name arrives whole', async ({ text, inHeader }) => {
  const request = toRequest(text)

  expect(request.headers.has('hearth-body')).toBe(inHeader)
  expect(new TextDecoder().decode(await readHostBody(request))).toBe(text)
})

test('a request without a body has none', async () => {
  const request = new Request('https://host/call', toHostRequest({ ...CALL, http: 'GET' }))

  expect(await readHostBody(request)).toBeUndefined()
})
