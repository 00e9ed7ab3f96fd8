import { spawn } from 'node:child_process'
import { signalGroup } from './terminate.ts'

/** Reads `+ group` and `- group` lines; when they end, ends the groups that are left. */
const SCRIPT = `
groups=
while read -r sign group; do
  if [ "$sign" = + ]; then groups="$groups $group"; continue; fi
  left=
  for each in $groups; do [ "$each" = "$group" ] || left="$left $each"; done
  groups=$left
done
for each in $groups; do kill -TERM "-$each" 2>/dev/null; done
[ -z "$groups" ] || sleep 1
for each in $groups; do kill -KILL "-$each" 2>/dev/null; done
exit 0
`

export interface Reaper {
  add(pid: number): void
  remove(pid: number): void
  close(): void
}

/**
 * A small process that outlives the host program and ends the groups that it leaves behind when
 * it is killed: nothing else can. Without a shell the host program goes on without it.
 */
export function startReaper(): Reaper {
  const child = spawn('/bin/sh', ['-c', SCRIPT], {
    detached: true,
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.on('error', () => undefined)
  child.stdin.on('error', () => undefined)
  child.unref()
  const write = (line: string): void => {
    if (child.stdin.writable) child.stdin.write(line)
  }
  return {
    add: (pid) => write(`+ ${pid}\n`),
    remove: (pid) => {
      // A leader that is gone may leave members of its group behind.
      signalGroup(pid, 'SIGKILL')
      write(`- ${pid}\n`)
    },
    close: () => child.stdin.end(),
  }
}
