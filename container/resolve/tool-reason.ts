/** What a package manager's last lines say about why it failed. Pure. */

const MAX_REASON_CHARS = 500

/** Before each line of npm's; `ERR!` until npm 9. */
const NPM = /^npm (?:error|ERR!) ?/
/** npm puts the kind of failure before each line of its reason. */
const NPM_LABEL = /^(?:404|notarget|network|engine|enoent)(?: |$)/
/** What npm says beside its reason: where its log is, where in its own code it was, general advice. */
const NPM_ASIDE =
  /^(?:$|\{|\}|A complete log of this run|\s*at |\s{2,}\w+: |(?:code|syscall|errno|path|dest|cwd|type) |command (?!failed$)|This is related to npm|If you are behind|In most cases|Note that you can|tarball, folder)/

/** uv begins with the failure; each line after it says what caused the one above. */
const UV_FAILURE = /^(?:error: |\s*×\s)/
const UV_CAUSE = /^\s*(?:cause: |[├╰]─▶ )/
const UV_REST = /^(?:\s|│)/

const TELLING = /error|not found|no such/i

export function toolReason(output: readonly string[]): string {
  const lines = output.filter((line) => line.trim() !== '')
  const reason = npmReason(lines) ?? uvReason(lines) ?? lastTelling(lines) ?? 'no output'
  return reason.trim().slice(0, MAX_REASON_CHARS)
}

/** As in `E404: 404 Not Found - GET https://registry.npmjs.org/absent`. */
function npmReason(output: readonly string[]): string | undefined {
  const lines = output.filter((line) => NPM.test(line)).map((line) => line.replace(NPM, ''))
  const code = lines.find((line) => line.startsWith('code '))?.slice('code '.length)
  const texts = lines.filter((line) => !NPM_ASIDE.test(line.replace(NPM_LABEL, '').trimEnd()))
  const [first, ...after] = texts
  // Then come the lines of the script that failed.
  const said = first === 'command failed' ? `${first}: ${lastTelling(after) ?? ''}` : first
  return [code, said].filter((part) => part !== undefined).join(': ') || undefined
}

function uvReason(lines: readonly string[]): string | undefined {
  const at = lines.findIndex((line) => UV_FAILURE.test(line))
  if (at === -1) return undefined
  const [failure = '', ...after] = lines.slice(at)
  const end = after.findIndex((line) => !UV_CAUSE.test(line) && !UV_REST.test(line))
  const causes = (end === -1 ? after : after.slice(0, end)).map((line) => {
    const text = line.replace(UV_CAUSE, '').replace(/^[\s│]+/, '')
    return UV_CAUSE.test(line) ? `: ${text}` : ` ${text}`
  })
  return [failure.replace(UV_FAILURE, ''), ...causes].join('').replaceAll('::', ':')
}

function lastTelling(lines: readonly string[]): string | undefined {
  return lines.findLast((line) => TELLING.test(line)) ?? lines.at(-1)
}
