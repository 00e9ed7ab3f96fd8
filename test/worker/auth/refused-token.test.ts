/** What reaches a person whose token is refused, by whichever part of the answers a client shows. */
import { expect, test } from 'vitest'
import { createFakes, post, TOKEN } from '../fake-deps.ts'
import { initialize, URL_OF_SERVER } from '../requests.ts'

const WHY = 'the token is unknown, has expired or was revoked'
const WRONG = `${TOKEN.slice(0, -2)}00`

test('the status line, the challenge and the body say why', async () => {
  const { app } = createFakes()
  const response = await app.request(
    URL_OF_SERVER,
    post(initialize, { Authorization: `Bearer ${WRONG}` }),
  )

  expect(response.status).toBe(401)
  expect(response.statusText).toBe(`Unauthorized: ${WHY}`)
  expect(response.headers.get('WWW-Authenticate')).toContain(`error_description="${WHY}"`)
  expect(await response.text()).toContain(WHY)
})

test('a client that tries OAuth all the same is told in the form of an OAuth error', async () => {
  const { app } = createFakes()
  const response = await app.request('http://localhost:8787/register', post({ client_name: 'any' }))

  expect(response.status).toBe(404)
  expect(await response.json()).toEqual({
    error: 'access_denied',
    error_description: expect.stringMatching(/registers no OAuth clients.*expired.*hearth tokens/),
  })
})

test.each(['/mcp/everything', '/t/acme/mcp/everything'])(
  'where its tenant has static tokens alone, %s announces no OAuth',
  async (path) => {
    const { app } = createFakes()
    const origin = 'http://localhost:8787'
    const refused = await app.request(
      `${origin}${path}`,
      post(initialize, { Authorization: `Bearer ${WRONG}` }),
    )

    expect(refused.headers.get('WWW-Authenticate')).not.toContain('resource_metadata')
    for (const kind of ['oauth-protected-resource', 'oauth-authorization-server']) {
      for (const at of [`/.well-known/${kind}`, `/.well-known/${kind}${path}`]) {
        expect((await app.request(`${origin}${at}`)).status).toBe(404)
      }
    }
  },
)
