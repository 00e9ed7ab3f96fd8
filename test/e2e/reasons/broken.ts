/** Servers that do not start, each for a reason of its own, and what a person is told of each. */
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fixture } from '#test/support/fixture-server.ts'
import { fileURLToPath } from 'node:url'

export interface Broken {
  name: string
  config: Record<string, unknown>
  /** Why it does not start. */
  says: RegExp
  /** What to do. */
  hint: RegExp
  /** One of the last lines that it printed, where it prints. */
  prints?: RegExp
  /** It comes up, and dies with the first client. */
  isFoundLater?: true
}

const BAD = fileURLToPath(new URL('../../fixtures/servers/starts-badly.mjs', import.meta.url))
/** Long enough for Node to start on a busy machine. */
const START_MS = 5_000

const way = (name: string, ...args: string[]) =>
  fixture('starts-badly', {
    args: [BAD, name, ...args],
    timeoutMs: { call: 60_000, start: START_MS },
  })
const set = (variable: string): RegExp => new RegExp(`Set ${variable} in "env" of server`)
const python = (code: string) => ({ command: 'python3', args: ['-c', code], warm: 0 })

export interface Surroundings {
  folder: string
  /** Of 127.0.0.1; somebody listens there. */
  takenPort: number
}

const printing: Broken[] = [
  {
    name: 'lacks-key',
    config: way('lacks-key'),
    says: /exited with code 1: API_KEY is not set/,
    hint: set('API_KEY'),
    prints: /^API_KEY is not set$/,
  },
  {
    name: 'lacks-variable',
    config: way('lacks-variable'),
    says: /Missing required environment variable GITHUB_TOKEN/,
    hint: set('GITHUB_TOKEN'),
    prints: /GITHUB_TOKEN/,
  },
  {
    name: 'lacks-python-variable',
    config: python('import os; os.environ["SLACK_TOKEN"]'),
    says: /KeyError: 'SLACK_TOKEN'/,
    hint: set('SLACK_TOKEN'),
    prints: /^KeyError/,
  },
  {
    name: 'lacks-argument',
    config: way('lacks-argument'),
    says: /exited with code 2: .*the following arguments are required: --root/,
    hint: /Add --root to "args" of server "lacks-argument"/,
    prints: /^usage: server/,
  },
  {
    name: 'lacks-module',
    config: { command: 'node', args: ['-e', 'require("left-out")'], warm: 0 },
    says: /Cannot find module 'left-out'/,
    hint: /run npm install/,
    prints: /left-out/,
  },
  {
    name: 'lacks-file',
    config: { command: 'node', args: ['/srv/hearth-test/build/index.js'], warm: 0 },
    says: /Cannot find module '\/srv\/hearth-test\/build\/index\.js'/,
    hint: /has to be built first/,
    prints: /index\.js/,
  },
  {
    name: 'lacks-python-module',
    config: python('import left_out'),
    says: /ModuleNotFoundError: No module named 'left_out'/,
    hint: /uvx --with left_out/,
    prints: /^ModuleNotFoundError/,
  },
  {
    name: 'wrong-python',
    config: way('lacks-python'),
    says: /Python 3\.99 or newer is required/,
    hint: /another version of Python/,
    prints: /3\.99/,
  },
  {
    name: 'fills-memory',
    config: {
      command: 'node',
      args: ['--max-old-space-size=16', BAD, 'fills-memory'],
      warm: 0,
    },
    says: /heap out of memory/,
    hint: /--max-old-space-size/,
    prints: /heap/i,
  },
  {
    name: 'prints-help',
    config: way('prints-help'),
    says: /exited with code 0: Usage: server/,
    hint: /printed its help and ended/,
    prints: /serve MCP/,
  },
  {
    name: 'needs-terminal',
    config: way('needs-terminal'),
    says: /setRawMode/,
    hint: /wants to be used by a person in a terminal/,
    prints: /setRawMode/,
  },
  {
    name: 'waits-for-login',
    config: way('waits-for-login'),
    says: /did not answer its first request in time: To log in, open https:/,
    hint: /waits for a login/,
    prints: /ABCD-EFGH/,
  },
  {
    name: 'serves-http',
    config: way('serves-http'),
    says: /did not answer its first request in time: Server listening on http/,
    hint: /serves HTTP instead of stdio/,
    prints: /listening/,
  },
  {
    name: 'prints-pretty',
    config: way('prints-pretty'),
    says: /did not answer its first request in time: "jsonrpc": "2\.0"/,
    hint: /spreads each JSON message over several lines/,
    prints: /"jsonrpc": "2\.0"/,
  },
  {
    name: 'frames-messages',
    config: way('frames-messages'),
    says: /did not answer its first request in time: Content-Length: \d+/,
    hint: /Content-Length header before each message/,
    prints: /^Content-Length/,
  },
  {
    name: 'writes-utf16',
    config: way('writes-utf16'),
    says: /did not answer its first request in time: \(UTF-16\) \{"jsonrpc"/,
    hint: /MCP is UTF-8/,
    prints: /^\(UTF-16\)/,
  },
  {
    name: 'lacks-network',
    config: way('lacks-network'),
    says: /getaddrinfo ENOTFOUND/,
    hint: /is this machine online/,
    prints: /ENOTFOUND/,
  },
  {
    name: 'lacks-room',
    config: way('lacks-room'),
    says: /ENOSPC: no space left on device/,
    hint: /disk is full/,
    prints: /ENOSPC/,
  },
  {
    name: 'distrusts',
    config: way('distrusts'),
    says: /self-signed certificate/,
    hint: /NODE_EXTRA_CA_CERTS/,
    prints: /certificate/,
  },
  {
    name: 'dies-initialized',
    config: way('dies-initialized'),
    says: /exited with code 1: TypeError: tools is not iterable/,
    hint: /exited with code 1/,
    prints: /tools is not iterable/,
    isFoundLater: true,
  },
]

const silent: Broken[] = [
  {
    name: 'missing-command',
    config: { command: 'hearth-test-no-such-command', warm: 0 },
    says: /command not found: hearth-test-no-such-command/,
    hint: /Check "command" of server "missing-command"/,
  },
  {
    name: 'missing-uvx',
    config: { command: 'uvx', args: ['--isolated', 'x'], env: { PATH: '/hearth-test' }, warm: 0 },
    says: /command not found: uvx/,
    hint: /Install uv: curl/,
  },
  {
    name: 'missing-folder',
    config: { ...way('ends-silently'), cwd: '/hearth-test/no/such/folder' },
    says: /working folder not found: \/hearth-test\/no\/such\/folder/,
    hint: /change "cwd" of server "missing-folder"/,
  },
  {
    name: 'ends-silently',
    config: way('ends-silently'),
    says: /the process exited with code 0/,
    hint: /ended by itself without an error/,
  },
  {
    name: 'fails-silently',
    config: way('fails-silently'),
    says: /the process exited with code 9/,
    hint: /It said nothing/,
  },
  {
    name: 'says-nothing',
    config: way('says-nothing'),
    says: /did not answer its first request in time: it printed nothing/,
    hint: /Is it an MCP server/,
  },
  {
    name: 'segfaults',
    config: way('segfaults'),
    says: /the process was ended by SIGSEGV/,
    hint: /crashed in native code/,
  },
  {
    name: 'refuses',
    config: way('refuses'),
    says: /initialize was refused: bad licence/,
    hint: /bad licence/,
  },
]

/** Those that need a file, a port or a registry. */
async function surrounded({ folder, takenPort }: Surroundings): Promise<Broken[]> {
  const write = async (name: string, content: string | Buffer, mode: number): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, content)
    await chmod(path, mode)
    return path
  }
  const elf = Buffer.alloc(64)
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(elf)
  // An executable for RISC-V.
  elf.set([2, 0, 0xf3, 0, 1], 16)
  const packageOf = (command: string, name: string) => ({ command, args: [name], warm: 0 })
  return [
    {
      name: 'takes-port',
      config: way('takes-port', String(takenPort)),
      says: /EADDRINUSE/,
      hint: /The port is taken/,
      prints: /address already in use/,
    },
    {
      name: 'not-executable',
      config: { command: await write('plain.sh', 'exit 0\n', 0o644), warm: 0 },
      says: /command is not executable: .*plain\.sh/,
      hint: /chmod \+x .*plain\.sh/,
    },
    {
      name: 'wrong-processor',
      config: { command: await write('riscv', elf, 0o755), warm: 0 },
      says: /riscv/,
      hint: /built for another processor/,
    },
    {
      name: 'wrong-interpreter',
      config: { command: await write('tool', '#!/opt/no/such/perl\n', 0o755), warm: 0 },
      says: /an interpreter that is not there: \/opt\/no\/such\/perl/,
      hint: /Install what its first line names/,
    },
    {
      name: 'not-javascript',
      config: { command: 'node', args: [await write('x.js', 'import os, sys\n', 0o644)], warm: 0 },
      says: /SyntaxError/,
      hint: /Its code cannot be read/,
      prints: /SyntaxError/,
    },
    {
      name: 'absent-npm-package',
      config: packageOf('npx', 'hearth-test-absent-package'),
      says: /installing hearth-test-absent-package failed: E404/,
      hint: /The registry has no package of this name/,
      prints: /404 Not Found/,
    },
    {
      name: 'absent-python-package',
      config: packageOf('uvx', 'hearth-test-absent-package'),
      says: /installing hearth-test-absent-package failed: .*was not found in the package registry/,
      hint: /PyPI has no package of this name/,
      prints: /not found/,
    },
  ]
}

export async function brokenServers(surroundings: Surroundings): Promise<Broken[]> {
  return [...printing, ...silent, ...(await surrounded(surroundings))]
}
