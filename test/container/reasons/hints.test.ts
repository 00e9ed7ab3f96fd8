/** What servers print in real life, and which hint it gets. */
import { expect, test } from 'vitest'
import { explain } from '#container/reasons/explain.ts'
import { cpuMs } from '#test/support/cpu-time.ts'

const hintOf = (...printed: string[]) =>
  explain({ how: 'the process exited with code 1', printed, server: 'any', isNew: true })

const set = (name: string) => `Set ${name} in "env" of server "any".`

const cases: [printed: string[], hint: string | RegExp][] = [
  [['Error: BRAVE_API_KEY environment variable is required'], set('BRAVE_API_KEY')],
  [['Please set SLACK_BOT_TOKEN and SLACK_TEAM_ID environment variables'], set('SLACK_BOT_TOKEN')],
  [['ValueError: OPENAI_API_KEY must be set'], set('OPENAI_API_KEY')],
  [['Error: NOTION_TOKEN environment variable is not set.'], set('NOTION_TOKEN')],
  [['Missing environment variable: LINEAR_API_KEY'], set('LINEAR_API_KEY')],
  [['GITHUB_TOKEN is required'], set('GITHUB_TOKEN')],
  [["environment variable 'API_TOKEN' missing"], set('API_TOKEN')],
  [['TOKEN not set'], set('TOKEN')],
  [['panicked at main.rs: environment variable not found: "FOO_SECRET"'], set('FOO_SECRET')],
  [
    [
      'pydantic_core.ValidationError: 1 validation error for Settings',
      'api_token',
      '  Field required [type=missing, input_value={}]',
    ],
    /^Set api_token in "env"/,
  ],
  [['No API key provided. See https://docs.example/keys'], /a key or a login/],
  [['Error: connect ECONNREFUSED 127.0.0.1:5432'], /start that first/],
  [['Cannot connect to the Docker daemon at unix:///var/run/docker.sock.'], /does not run/],
  [['the input device is not a TTY'], /Take "-t" out/],
  [["Error: browserType.launch: Executable doesn't exist at /root/.cache/x"], /playwright install/],
  [
    ['usage: tool [-h] --root ROOT', 'tool: error: the following arguments are required: --root'],
    /Add --root to "args"/,
  ],
  [["error: unknown option '--stdio'"], /does not take '--stdio'/],
  [['npm warn EBADENGINE Unsupported engine {'], /another version of Node/],
  [["PermissionError: [Errno 13] Permission denied: '/data'"], /change the rights/],
  [["Error: ENOENT: no such file or directory, stat '/srv/files'"], /\/srv\/files is not there/],
  [
    ['Please provide a database URL as a command-line argument'],
    'Add what it asks for to "args" of server "any".',
  ],
  [['Error: Unable to access jarfile /opt/server.jar'], /\/opt\/server\.jar is not there/],
  [['/usr/bin/python3: No module named mcp_server_x'], /module mcp_server_x is missing/],
  [['go: go.mod file not found in current directory or any parent directory'], /"cwd"/],
  [['Error: Request failed with status code 401 Unauthorized: Bad credentials'], /was refused/],
  [['Error: Token expired. Please run "gh auth login" to re-authenticate.'], /was refused/],
  [['ReferenceError: require is not defined in ES module scope'], /cannot be read/],
  [['Error: ENOSPC: no space left on device, write'], /disk is full/],
  [['Error: ENOSPC: System limit for number of file watchers reached'], /more open files/],
  [["libc.so.6: version `GLIBC_2.38' not found (required by ./server)"], /newer system/],
  [['error while loading shared libraries: libnss3.so: cannot open'], /libnss3\.so is missing/],
  [['Missing X server or $DISPLAY'], /no screen/],
  [
    ['2026/01/02 10:00:00 open config.yaml: no such file or directory'],
    /config\.yaml is not there/,
  ],
  [['sqlite3.OperationalError: unable to open database file'], /cannot open its database/],
  [['Error: spawn ffmpeg ENOENT'], /ffmpeg/],
  [
    ['Warning: Cannot access directory /srv/x, skipping', 'Error: None are accessible'],
    /\/srv\/x is not there/,
  ],
  [
    ['  {', '    "path": [', '      "NOTION_TOKEN"', '    ],', '    "message": "Required"', '  }'],
    set('NOTION_TOKEN'),
  ],
  [
    [
      "thread 'main' panicked at src/main.rs:12:5:",
      'called `Result::unwrap()` on an `Err` value: NotPresent',
    ],
    /variable of its environment/,
  ],
  [
    ["Error: ENOENT: no such file or directory, open '/srv/x'", '  errno: -2,', "  code: 'ENOENT'"],
    /^The file or folder \/srv\/x is not there/,
  ],
  [['error: No such file or directory (os error 2)'], /check the paths/],
  [['ERROR:server:/home/me/repo does not exist'], /\/home\/me\/repo is not there/],
  [['error: No interpreter found for Python 3.99 in search path'], /another version of Python/],
  [['error: Failed to install entrypoints for `requests`'], /uvx --from/],
  [['{', '  "error": "bad licence"', '}'], /^That message is from server "any" itself/],
  [['inotify: too many files'], /^That message is from server "any" itself/],
]

test.each(cases)('%j', (printed, hint) => {
  const { hint: found } = hintOf(...printed)
  if (typeof hint === 'string') expect(found).toBe(hint)
  else expect(String(found)).toMatch(hint)
})

const commands: [command: string, hint: RegExp][] = [
  ['npx -y server', /Write "command": "npx"/],
  ['cmd', /for Windows/],
  ['/opt/homebrew/bin/uvx', /no file \/opt\/homebrew\/bin\/uvx on this machine/],
  ['~/bin/server', /whole path/],
  ['/Applications/My App/server', /no file \/Applications\/My App\/server/],
]

test.each(commands)('command not found: %s', (command, hint) => {
  const how = `command not found: ${command}`
  expect(explain({ how, printed: [], server: 'any', isNew: true }).hint).toMatch(hint)
})

test('what is quoted is what was said, and not where in the code', () => {
  const { quote } = hintOf(
    '  process.stdin.setRawMode(true)',
    'TypeError: setRawMode is not a function',
  )
  expect(quote).toBe('TypeError: setRawMode is not a function')
  expect(hintOf('  "path": [', '    "NOTION_TOKEN"', '  ],').quote).toBe('"NOTION_TOKEN"')
  expect(hintOf('{', '  "jsonrpc": "2.0",', '}').quote).toBe('"jsonrpc": "2.0",')
})

test('what only looks like the name of a variable is none', () => {
  for (const line of [
    'ERROR: set up failed with ERR_INVALID_ARG_TYPE',
    'Invalid JSON was found',
    'WARNING no config file is set up yet',
  ]) {
    expect(hintOf(line).hint ?? '').not.toMatch(/^Set /)
  }
})

test('of a process that has served only its newest lines are a reason, and no exit by itself', () => {
  const explained = (printed: string[]) =>
    explain({ how: 'the process exited with code 0', printed, server: 'any', isNew: false })
  const old = [
    'Server listening on http://localhost:3000',
    ...(Array(20).fill('GET /') as string[]),
  ]

  expect(explained([])).toEqual({})
  expect(explained(old)).toEqual({ output: Array(10).fill('GET /') })
  expect(explained([...old, 'MemoryError']).hint).toContain('ran out of memory')
})

test('the line that says why is quoted, and not the stack below it', () => {
  const { quote, output } = hintOf(
    '/srv/server.js:1',
    "throw new TypeError('no tools')",
    '^',
    '',
    'TypeError: no tools',
    '    at Object.<anonymous> (/srv/server.js:1:7)',
    '    at Module._compile (node:internal/modules/cjs/loader:1554:14)',
    '',
    'Node.js v24.1.0',
  )
  expect(quote).toBe('TypeError: no tools')
  expect(output?.at(-1)).toBe('TypeError: no tools')
})

test('what a terminal would obey is taken out, and what is long is cut', () => {
  const { output = [] } = hintOf('\u001b[31mred\u001b[0m\u0007', 'x'.repeat(5_000))
  expect(output).toEqual(['red', `${'x'.repeat(300)}…`])
})

test('at most ten lines of 2 KiB are told, the newest', () => {
  const many = Array.from({ length: 500 }, (_, n) => `line ${n}`)
  expect(hintOf(...many).output).toEqual(many.slice(-10))
  const long = Array.from({ length: 20 }, () => 'é'.repeat(299))
  const bytes = Buffer.byteLength((hintOf(...long).output ?? []).join(''))
  expect(bytes).toBeLessThanOrEqual(2 * 1024)
})

test.each(['a ', 'API_KEY ', 'missing ', 'open ', '"', 'a\n', '{', 'ELF', '-', 'Python 3 ', ' '])(
  'a long output of %j is searched in no time to speak of',
  (text) => {
    const printed = Array.from({ length: 30 }, () => text.repeat(Math.ceil(8_000 / text.length)))
    const begun = cpuMs()
    hintOf(...printed)
    expect(cpuMs() - begun).toBeLessThan(500)
  },
)
