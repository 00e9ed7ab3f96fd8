/**
 * The host program's environment: what its package installs need, and nothing else of ours.
 * What its children get is decided there, and is less.
 */
const KEPT =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TMP|TEMP|LANG|LC_.*|TZ|XDG_.*|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE|(HTTPS?|NO|ALL)_PROXY|npm_config_(registry|cache|proxy|https_proxy|cafile)|UV_.*|PIP_.*|SYSTEMROOT|APPDATA|LOCALAPPDATA|USERPROFILE)$/i

export function keptEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && KEPT.test(name)) kept[name] = value
  }
  return kept
}
