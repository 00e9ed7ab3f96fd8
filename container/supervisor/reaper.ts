import { spawn } from 'node:child_process'
import { descendantsOf, isThere, killDescendants, type Descendant } from './descendants.ts'
import { signalGroup } from './terminate.ts'

/** How often it is looked at what a process has started outside of its group. Milliseconds. */
export const LOOK_MS = 5_000

/**
 * Reads `+ group` and `- group` lines; when they end, ends the groups that are left, and what their
 * processes have started outside of them.
 */
const SCRIPT = `
tree() {
  for child in $(cat /proc/$1/task/*/children 2>/dev/null); do echo $child; (tree $child); done
}
trees() { for each in $groups; do tree $each; done; }
groups=
while read -r sign group; do
  if [ "$sign" = + ]; then groups="$groups $group"; continue; fi
  left=
  for each in $groups; do [ "$each" = "$group" ] || left="$left $each"; done
  groups=$left
done
# Their input has ended, too: they must not be gone before it is known what they have started.
for each in $groups; do kill -STOP "-$each" 2>/dev/null; done
others=$(trees)
for each in $groups; do kill -TERM "-$each" 2>/dev/null; kill -CONT "-$each" 2>/dev/null; done
[ -z "$groups" ] || sleep 1
others="$others $(trees)"
for each in $groups; do kill -KILL "-$each" 2>/dev/null; done
for each in $others; do kill -KILL "$each" 2>/dev/null; done
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
  const watched = new Map<number, Watched>()
  return {
    add: (pid) => {
      write(`+ ${pid}\n`)
      const its: Watched = { timer: setInterval(() => look(pid, its, write), LOOK_MS), groups: [] }
      its.timer.unref()
      watched.set(pid, its)
    },
    remove: (pid) => {
      const { timer, groups } = watched.get(pid) ?? { groups: [] }
      clearInterval(timer)
      watched.delete(pid)
      // A leader that is gone may leave members of its group behind, and what it has started elsewhere.
      signalGroup(pid, 'SIGKILL')
      killDescendants(groups)
      for (const each of [pid, ...groups.map((one) => one.pid)]) write(`- ${each}\n`)
    },
    close: () => child.stdin.end(),
  }
}

/** One process, and the groups that its descendants have made. */
interface Watched {
  timer: NodeJS.Timeout
  groups: Descendant[]
}

function look(pid: number, its: Watched, write: (line: string) => void): void {
  const found = descendantsOf(pid).filter((one) => one.group === one.pid)
  const are = new Set(found.map((one) => one.pid))
  const were = new Set(its.groups.map((one) => one.pid))
  // One whose parent has ended is nobody's descendant any more.
  const kept = its.groups.filter((one) => !are.has(one.pid) && isThere(one))
  for (const one of kept) are.add(one.pid)
  for (const group of were) if (!are.has(group)) write(`- ${group}\n`)
  for (const group of are) if (!were.has(group)) write(`+ ${group}\n`)
  its.groups = [...found, ...kept]
}
