/** The keys of a server in the files of other clients: what each is here. */

/** Spelt otherwise here. */
export const RENAMED: Readonly<Record<string, string>> = {
  cmd: 'command',
  envs: 'env',
  environment: 'env',
  uri: 'url',
  http_headers: 'headers',
  transportType: 'type',
  isActive: 'enabled',
  active: 'enabled',
  isEnabled: 'enabled',
  enable: 'enabled',
}

/** Only these tools, in the words of the client that has them. */
export const ALLOWS = [
  'includeTools',
  'enabledTools',
  'enabled_tools',
  'allowedTools',
  'available_tools',
]
/** Not these. */
export const DENIES = [
  'disabledTools',
  'excludeTools',
  'disabled_tools',
  'excludedTools',
  'disallowedTools',
]

/** Times by what they bound, in milliseconds for one of theirs. */
export const TIMES: Readonly<Record<string, { bounds: 'call' | 'start'; unitMs: number }>> = {
  tool_timeout_sec: { bounds: 'call', unitMs: 1_000 },
  startup_timeout_sec: { bounds: 'start', unitMs: 1_000 },
  startup_timeout_ms: { bounds: 'start', unitMs: 1 },
  initTimeout: { bounds: 'start', unitMs: 1 },
  connectionTimeout: { bounds: 'start', unitMs: 1 },
}

const NO_LOGIN = 'Hearth does not log in to servers: give a token in headers'

/** Ignored, with a reason that a person should know. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  headersHelper: 'Hearth runs no program for headers: write them in headers',
  oauth: NO_LOGIN,
  auth: NO_LOGIN,
  requiresOAuth: NO_LOGIN,
  authProviderType: NO_LOGIN,
  proxy: 'Hearth uses no proxy',
}

/** Ignored: they are about the client itself, and take nothing away from anybody. */
export const OF_THE_CLIENT: ReadonlySet<string> = new Set([
  ...[
    'alwaysAllow',
    'autoApprove',
    'autoapprove',
    'trust',
    'approval',
    'default_tools_approval_mode',
  ],
  ...['description', 'display_name', 'title', 'icon', 'iconPath', 'metadata', 'provider', '_meta'],
  ...[
    'gallery',
    'version',
    'dev',
    'source',
    'settings',
    'bundled',
    'fromGalleryId',
    'extensionName',
  ],
  ...['serverInstructions', 'chatMenu', 'startup', 'required', 'tags', 'alwaysLoad', 'remote'],
])

/** A key that no list knows and that is called so may take something away: it is not passed over. */
export const RESTRICTING =
  /deny|denied|block|exclude|disable|disallow|forbid|restrict|sandbox|read_?only|allowed|allow_?list|whitelist|blacklist/i
