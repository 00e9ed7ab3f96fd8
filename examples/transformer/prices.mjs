// A server with one tool, whose prices are in dollars.
import { createInterface } from 'node:readline'

const send = (message) => console.log(JSON.stringify({ jsonrpc: '2.0', ...message }))
const tools = [{ name: 'price', inputSchema: { type: 'object' } }]

const price = ({ item = 'tea', currency = 'none' } = {}, { progressToken } = {}) => {
  if (progressToken !== undefined) {
    const params = { progressToken, progress: 1, message: `asking for $ prices of ${item}` }
    send({ method: 'notifications/progress', params })
  }
  const structuredContent = { item, currency, usd: 12.5 }
  return { content: [{ type: 'text', text: `${item}: $12.50` }], structuredContent }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) return
  const results = {
    initialize: () => ({
      protocolVersion: params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'prices', version: '1.0.0' },
    }),
    'tools/list': () => ({ tools }),
    'tools/call': () => price(params.arguments, params._meta),
  }
  const result = results[method]?.()
  send(result ? { id, result } : { id, error: { code: -32601, message: `no ${method}` } })
})
