/**
 * What is common, and what to do about it. The first entry that fits is told, so the more certain ones
 * come first. A pattern reads how the start ended and then all that was printed, line by line; `$1` is
 * what its first group found, `{server}` the server's name in quotes.
 */
import { LAUNCH_HINTS, type Hint } from './launch-hints.ts'

/** One without an underscore is taken for a variable only where it is said what is the matter with it. */
const VARIABLE = '(?!ERR_)([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{4,})'
const LONG_VARIABLE = '(?!ERR_)([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'
const SET_IT = 'Set $1 in "env" of server {server}.'

export const HINTS: readonly Hint[] = [
  ...LAUNCH_HINTS,
  {
    pattern:
      /CERT_|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)|certificate verify failed|self.signed certificate|invalid peer certificate/i,
    hint: 'A certificate is not trusted, as with a proxy of a company. Set NODE_EXTRA_CA_CERTS (Node) or SSL_CERT_FILE (Python, uv) to its certificate, for Hearth and in "env" of server {server}.',
  },
  {
    pattern:
      /ENOTFOUND|EAI_AGAIN|getaddrinfo|Temporary failure in name resolution|dns error|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH/,
    hint: 'A host could not be reached: is this machine online? Behind a proxy, set HTTPS_PROXY for Hearth and in "env" of server {server}.',
  },
  {
    pattern: /EADDRINUSE|[Aa]ddress already in use|port \d+ is (?:already )?(?:in use|taken)/,
    hint: 'The port is taken, often by another process of the same server: give server {server} another port, or end what uses it. With "warm": 0 and "sharing": "shared" Hearth starts one process of it at a time.',
  },
  {
    pattern: /ECONNREFUSED|[Cc]onnection refused/,
    hint: 'What server {server} connects to at its start is not there: start that first, and check its address in "env" or "args".',
  },
  {
    pattern:
      /heap out of memory|JavaScript heap|MemoryError|Cannot allocate memory|ENOMEM|memory had run out|std::bad_alloc|exited with code 137/,
    hint: 'It ran out of memory. Give it more, for Node with "NODE_OPTIONS": "--max-old-space-size=2048" in "env" of server {server}, or start fewer servers at once.',
  },
  {
    pattern: /^the process was ended by SIGKILL$/m,
    hint: 'Something killed it: most often the system, because memory had run out. Look at free memory, or start fewer servers at once.',
  },
  {
    pattern: /^the process was ended by (SIGSEGV|SIGBUS|SIGILL|SIGABRT|SIGFPE)$/m,
    hint: 'The program crashed in native code ($1). Reinstall it for this machine and its version of Node or Python; if it still crashes, its maintainers have to mend it.',
  },
  {
    pattern: /No module named '?([\w.]+)/,
    hint: 'The Python module $1 is missing. Install it where server {server} runs: uvx --with $1 …, or pip install $1 in its virtual environment, and use that one\'s python as "command".',
  },
  {
    pattern: /Cannot find (?:module|package) '([^']+\.[cm]?[jt]s)'/,
    hint: 'The file $1 is not there: check the path in "args" of server {server}, and whether the server has to be built first (npm run build).',
  },
  {
    pattern: /Cannot find (?:module|package) '([^']+)'/,
    hint: 'The package $1 is missing: run npm install in the folder of the server.',
  },
  {
    pattern: /(?:can't open file '|Unable to access jarfile )([^'\n]+)/,
    hint: 'The file $1 is not there: check the path in "args" of server {server}, and its "cwd".',
  },
  {
    pattern:
      /requires? (?:a different )?python|Python (?:version )?[<>=]*\d[\d.]* (?:or (?:newer|later|higher|above) )?is (?:not supported|required|needed)|requires-python|No interpreter found for Python|python_requires|Python <3/i,
    hint: 'It needs another version of Python: uvx --python VERSION … chooses one, and installs it where it is missing.',
  },
  {
    pattern:
      /EBADENGINE|Unsupported engine|requires Node(?:\.js)?|Node(?:\.js)? (?:version )?[v<>=^]*\d[\d.+]* (?:or (?:newer|later|higher|above) )?is required|unsupported Node/i,
    hint: 'It needs another version of Node.js: install that one, and name it by its full path in "command" of server {server}.',
  },
  { pattern: /KeyError: '([A-Z][A-Z0-9_]+)'/, hint: SET_IT },
  { pattern: /(?<="path": \[\n) *"([A-Z][A-Z0-9_]+)"$/m, hint: SET_IT },
  {
    pattern: /`Err` value: NotPresent\b/,
    hint: 'A variable of its environment is missing: its documentation names it. Set it in "env" of server {server}.',
  },
  {
    pattern: new RegExp(
      String.raw`\b${VARIABLE}\b['"\`]?(?: environment variable)?(?: is| was| must be| has to be| needs to be)?,? (?:not set|unset|set|required|missing|undefined|not defined|not provided|provided|not found|needed|empty|not configured)`,
    ),
    hint: SET_IT,
  },
  {
    pattern: new RegExp(
      String.raw`(?:[Mm]issing|[Rr]equired?|[Pp]rovide|[Nn]eeds?|[Ss]pecify|[Ss]et|[Ee]nvironment variables?)\b[^\n]{0,60}?\b${LONG_VARIABLE}\b`,
    ),
    hint: SET_IT,
  },
  {
    pattern: /^([a-z]\w*)\n\s+Field required/m,
    hint: 'Set $1 in "env" of server {server}, in capital letters and with the prefix that its documentation names.',
  },
  {
    pattern: /the following arguments are required: (.+)/i,
    hint: 'Add $1 to "args" of server {server}.',
  },
  {
    pattern:
      /(?:as|missing|requires?|provide|need)\b[^\n]{0,60}(?:command.line|positional) argument/i,
    hint: 'Add what it asks for to "args" of server {server}.',
  },
  {
    pattern: /missing required (?:argument|option)s?:? ([^\n]+)/i,
    hint: 'Add $1 to "args" of server {server}.',
  },
  {
    pattern: /(?:unknown|unrecognized|unexpected|invalid) (?:option|argument|flag)s?:? ([^\n]+)/i,
    hint: 'The server does not take $1: check "args" of server {server}.',
  },
  {
    pattern:
      /not a (?:tty|terminal)|isatty|setRawMode is not|Inappropriate ioctl|(?:requires?|needs?) (?:an? )?(?:interactive )?(?:terminal|tty)|not supported on this terminal/i,
    hint: 'It wants to be used by a person in a terminal. Look up in its documentation how to start it as an MCP server over stdio: often an option such as --stdio, or a word such as "mcp" or "serve" in "args".',
  },
  {
    pattern:
      /(?:open|visit|go to|navigate to)\b[^\n]{0,80}https?:\/\/|(?:waiting for|complete)[^\n]{0,30}(?:login|log in|sign.?in|auth|browser)|device code|please (?:log|sign) ?in|not (?:logged|signed) in/i,
    hint: 'It waits for a login. Run its command once by hand in a terminal, log in, and start server {server} again: most servers keep the login.',
  },
  {
    pattern:
      /(?:api[ _-]?key|access token|token|password|credentials?|secret)\b[^\n]{0,40}(?:not set|not provided|not found|not configured|required|missing|must be|invalid|empty)|(?:missing|no|requires?|provide)\b[^\n]{0,20}(?:api[ _-]?key|access token|credentials)/i,
    hint: 'The server wants a key or a login of yours. Its documentation names the variable; set it in "env" of server {server}.',
  },
  {
    pattern:
      /Unauthorized|Bad credentials|HTTP 401|status(?: code)? 40[13]|[Aa]uthentication failed|invalid_(?:token|grant)|\btoken (?:has |is )?(?:expired|revoked)|re-?authenticate/i,
    hint: 'Its key or login was refused: it may be wrong or have expired. Renew it, in "env" of server {server} or as its message says.',
  },
  {
    pattern: /no space left on device|disk quota exceeded/i,
    hint: 'The disk is full: make room on it.',
  },
  {
    pattern: /number of file watchers|EMFILE|[Tt]oo many open files/,
    hint: 'It needs more open files than the system allows: raise the limit (ulimit -n, or sysctl fs.inotify.max_user_watches), or end other programs.',
  },
  {
    pattern: /unable to open database file/,
    hint: 'It cannot open its database: see that the folder exists and may be written to, or change the path in "args" or "env" of server {server}.',
  },
  {
    pattern: /(?:go\.mod file not found|could not find `Cargo\.toml`|No pyproject\.toml found)/i,
    hint: 'It was not started in the folder of its code: name that folder as "cwd" of server {server}.',
  },
  {
    pattern:
      /SyntaxError|IndentationError|ERR_REQUIRE_ESM|Unexpected token|is not defined in ES module scope/,
    hint: 'Its code cannot be read: it is broken, or for another version of Node or Python, or in another language than "command" of server {server} runs.',
  },
  {
    pattern: /EACCES|EPERM|[Pp]ermission denied/,
    hint: 'It may not do this as the user that Hearth runs as: change the rights of the file or folder, or choose another one in "args" or "env" of server {server}.',
  },
  {
    pattern: /spawn (\S+) ENOENT/,
    hint: 'It starts the program $1, which is not there: install it, or add its folder to PATH in "env" of server {server}.',
  },
  {
    pattern:
      /ENOENT[^\n]*'([^'\n]+)'|No such file or directory: '([^'\n]+)'|\b(?:open|stat) (\S+): no such file or directory|Cannot access directory ([^\n,]+)|(\/[^\s:'"]+) does not exist/,
    hint: 'The file or folder $1$2$3$4$5 is not there: check the paths in "args", "env" and "cwd" of server {server}.',
  },
  {
    pattern: /No such file or directory \(os error 2\)/,
    hint: 'A file or folder that it was told of is not there: check the paths in "args", "env" and "cwd" of server {server}.',
  },
  {
    pattern: /^(?:Content-Length: \d+)/im,
    hint: 'It puts a Content-Length header before each message, as language servers do. MCP over stdio is one JSON message in each line: look for an option for that, or a newer version.',
  },
  {
    pattern: /^\(UTF-16\)/m,
    hint: 'It writes UTF-16. MCP is UTF-8: on Windows set "PYTHONIOENCODING": "utf-8" in "env" of server {server}; otherwise its maintainers have to mend it.',
  },
  {
    pattern: /^\s+"jsonrpc": ?"2\.0",?$/m,
    hint: 'It spreads each JSON message over several lines. MCP over stdio is one message in each line: switch off its pretty printing, or use a newer version.',
  },
  {
    pattern: /^\s*usage:|--help\b|^\s*(?:options|commands):/im,
    hint: 'It printed its help and ended. Look there for what starts it as an MCP server: often an option such as --stdio, or a word such as "mcp" or "serve" in "args" of server {server}.',
  },
  {
    pattern: /listening (?:on|at)|https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0):\d+/i,
    hint: 'It serves HTTP instead of stdio: add the option for stdio to "args", or run it by yourself and give its address as "url" of server {server}.',
  },
  {
    pattern: /^the process exited with code 127$/m,
    hint: 'Its script calls a program that is not there. Run the command by hand to see which.',
  },
  {
    pattern: /^the process exited with code 0$/m,
    hint: 'It ended by itself without an error, as a program does that is no MCP server, or that was not told to be one: check "args" of server {server}.',
  },
  {
    pattern: /^the process exited with code \d+$/,
    hint: 'It said nothing. Run the command of server {server} by hand in a terminal, with the same "env", and see what it prints.',
  },
  {
    pattern: /^the process exited with code \d+\n/,
    hint: 'That message is from server {server} itself: look it up in its documentation, or run its command by hand in a terminal, with the same "env".',
  },
  {
    pattern: /^it has not answered/,
    hint: 'It runs, but does not answer "initialize". Is it an MCP server, and was it told to use stdio? One that takes long to start needs a larger "timeoutMs": {"start": …}.',
  },
]
