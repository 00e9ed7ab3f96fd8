import { createServer } from 'node:net'
import { describeError, Failure } from '../failure.ts'

/** Listens once and lets go: workerd says less clearly what is wrong with an address. */
export async function requireFreeAddress(host: string, port: number): Promise<void> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
    await new Promise((resolve) => server.close(resolve))
  } catch (error) {
    throw new Failure(`cannot listen on port ${port} of ${host}: ${mend(error, host)}`)
  }
}

function mend(error: unknown, host: string): string {
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'EADDRINUSE':
      return 'it is taken; stop what uses it, or give --port another'
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address; give --host one of its own'
    case 'ENOTFOUND':
      return `no address is known for ${JSON.stringify(host)}`
    default:
      return describeError(error)
  }
}
