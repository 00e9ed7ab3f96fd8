import type { Settings } from './settings.ts'

/** A line that does not end is no token. */
const MAX_TOKEN_CHARACTERS = 4_096

/**
 * What the object proves itself with. A container is given it in its environment: servers run as another
 * user there, and cannot read that. On one machine they could, so it is the first line of standard input.
 * Afterwards standard input is read on, for its end. Rejects for a line that is none.
 */
export function takeToken({ token, endsWithParent }: Settings): Promise<string> {
  delete process.env.HOST_PROGRAM_TOKEN
  if (token !== undefined) {
    if (endsWithParent) process.stdin.resume()
    return Promise.resolve(token)
  }
  return new Promise((resolve, reject) => {
    let read = ''
    process.stdin.setEncoding('utf8').on('data', function take(chunk: string) {
      read += chunk
      const end = read.indexOf('\n')
      if (end === -1 && read.length <= MAX_TOKEN_CHARACTERS) return
      process.stdin.off('data', take).resume()
      if (end > 0) resolve(read.slice(0, end))
      else reject(new TypeError('the first line of standard input is no token'))
    })
  })
}
