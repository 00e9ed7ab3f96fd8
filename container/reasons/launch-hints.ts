/** What keeps a program from being found, installed or run at all, and what to do about it. */

export interface Hint {
  pattern: RegExp
  hint: string
}

export const LAUNCH_HINTS: readonly Hint[] = [
  {
    pattern: /^command not found: uvx?$/m,
    hint: 'Install uv: curl -LsSf https://astral.sh/uv/install.sh | sh (or: brew install uv). Then start Hearth again from a new terminal.',
  },
  {
    pattern: /^command not found: (npx|npm|node|pnpx|yarn)$/m,
    hint: 'Install Node.js, which brings $1: https://nodejs.org. Then start Hearth again from a new terminal.',
  },
  {
    pattern: /^command not found: (docker|podman)$/m,
    hint: 'Install $1 on the machine that runs the servers, and check that "$1 version" works there.',
  },
  {
    pattern: /^command not found: (?:python|pip)\d?$/m,
    hint: 'Install Python: https://www.python.org/downloads. Where it is there as "python3", write "command": "python3" in server {server}.',
  },
  {
    pattern: /^command not found: (bunx?|deno)$/m,
    hint: 'Install $1, or run the package with npx. Then start Hearth again from a new terminal.',
  },
  {
    pattern: /^command not found: cmd(?:\.exe)?$/im,
    hint: 'This is a configuration for Windows: leave out "cmd" and "/c", and name the program that follows them as "command" of server {server}.',
  },
  {
    pattern: /^command not found: ([\w.-]+) .+$/m,
    hint: 'Write "command": "$1" for server {server}, and each word that follows as an entry of "args".',
  },
  {
    pattern: /^command not found: ~.*$/m,
    hint: 'Here "~" does not stand for your home folder: write the whole path in "command" of server {server}.',
  },
  {
    pattern: /^command not found: (\/.+)$/m,
    hint: 'There is no file $1 on this machine: correct "command" of server {server}. A name without a path is looked for in the PATH that Hearth was started with.',
  },
  {
    pattern: /^command not found: (.+)$/m,
    hint: 'Check "command" of server {server}: is it spelt right, and installed? A full path always works; otherwise it must be in the PATH that Hearth was started with.',
  },
  {
    pattern: /^working folder not found: (.+)$/m,
    hint: 'Make the folder $1, or change "cwd" of server {server}.',
  },
  {
    pattern: /^command is not executable: (.+)$/m,
    hint: 'Make it executable: chmod +x $1. Or name what runs it, as in "command": "node", "args": ["$1"].',
  },
  {
    pattern: /interpreter that is not there: (.+)$/m,
    hint: 'Install what its first line names, or name another program in "command" of server {server}, with the file in "args".',
  },
  {
    pattern:
      /Exec format error|ENOEXEC|EBADARCH|wrong ELF class|incompatible architecture|Bad CPU type|cannot execute binary file|ELF.*: not found|invalid ELF header/,
    hint: 'The program was built for another processor or system. Install the build for this machine, and delete what was copied from another one (node_modules, .venv).',
  },
  {
    pattern: /version `(GLIBC\w*_[\d.]+)' not found/,
    hint: 'The program was built for a newer system, with $1: install a build for this one, or run it in Docker.',
  },
  {
    pattern: /error while loading shared libraries: ([^:\s]+)/,
    hint: 'The system library $1 is missing: install the package of this system that has it.',
  },
  {
    pattern: /Cannot connect to the Docker daemon|docker daemon (?:is not )?running/i,
    hint: 'Docker is installed, but does not run: start it (Docker Desktop, or "systemctl start docker"), and see that "docker version" works for the user that Hearth runs as.',
  },
  {
    pattern: /the input device is not a TTY/,
    hint: 'Take "-t" out of "args" of server {server}: "docker run -i --rm IMAGE" is what an MCP server needs.',
  },
  {
    pattern: /pull access denied|manifest unknown|Unable to find image '([^']+)'/,
    hint: 'The image cannot be had: check its name and tag in "args" of server {server}, or log in with "docker login".',
  },
  {
    pattern:
      /playwright install|Executable doesn't exist at|Could not find (?:Chrome|Chromium|browser)/i,
    hint: 'Its browser is not installed: npx playwright install chromium, or what its message names.',
  },
  {
    pattern: /Missing X server|cannot open display|\$DISPLAY/i,
    hint: 'It opens a window, and there is no screen here: look in its documentation for a mode without one, often --headless in "args" of server {server}.',
  },
  {
    pattern: /UnsupportedClassVersionError|Unable to locate a Java Runtime|JAVA_HOME is not/,
    hint: 'It needs another version of Java: install it, and give its "java" by its full path as "command" of server {server}.',
  },
  {
    pattern: /\bE404\b/,
    hint: 'The registry has no package of this name: check the spelling in "args" of server {server}. For a private one, log npm in.',
  },
  {
    pattern: /\bETARGET\b|No matching version found/,
    hint: 'The package has no such version: change it in "args" of server {server}, or leave it out.',
  },
  {
    pattern: /was not found in the package registry/,
    hint: 'PyPI has no package of this name: check the spelling in "args" of server {server}.',
  },
  {
    pattern: /there is no version of|No solution found when resolving/,
    hint: 'No version of the package fits: change it in "args" of server {server}, or choose another Python with "--python".',
  },
  {
    pattern:
      /^package (\S+) has no command (\S+)|Failed to install entrypoints for `|No executables are provided by/m,
    hint: 'The package is there, but has no such program. Look up in its documentation which one starts the server, and name it: npx -p PACKAGE PROGRAM, or uvx --from PACKAGE PROGRAM.',
  },
]
