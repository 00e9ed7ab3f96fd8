/** `/`: what this is and where to go, for whoever opens the URL. The same for everyone: it tells nothing of what is served. */
import type { Context } from 'hono'
import { accepts } from 'hono/accepts'

const TEXT = `This is a Hearth gateway. It serves MCP servers over HTTP.

MCP clients connect to
  /mcp            all servers as one
  /mcp/{server}   one server
with the header
  Authorization: Bearer TOKEN

"hearth up" prints the token of a gateway on your own machine. For another
gateway, ask whoever runs it: "hearth tokens create NAME" makes one.

  /health         whether the gateway is up
  /ready          whether your servers are ready (with the token)

"hearth status" shows all of it, and "hearth call SERVER TOOL" tries a tool.
`

const HTML = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Hearth</title>
<pre>${escape(TEXT)}</pre>
</html>
`

/** The page needs nothing: no script, no style, no image, no frame around it. */
const POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export function showFrontPage(c: Context): Response {
  const type = accepts(c, {
    header: 'Accept',
    supports: ['text/plain', 'text/html'],
    default: 'text/plain',
  })
  return c.body(type === 'text/html' ? HTML : TEXT, 200, {
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    Vary: 'Accept',
  })
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
