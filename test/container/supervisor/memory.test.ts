/** What is read of the kernel's files, with those of real containers of both versions of its groups. */
import { expect, test } from 'vitest'
import { Memory } from '#container/supervisor/memory.ts'
import { readKills, readMemory, type ReadText } from '#container/supervisor/memory-figures.ts'

const MIB = 1024 * 1024
const MACHINE = {
  '/proc/meminfo': 'MemTotal:  2097152 kB\nMemFree:  9 kB\nMemAvailable:  1048576 kB\n',
}
const V1 = (used: number, kills = 0) => ({
  ...MACHINE,
  '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${256 * MIB}\n`,
  '/sys/fs/cgroup/memory/memory.usage_in_bytes': `${used}\n`,
  '/sys/fs/cgroup/memory/memory.stat': `active_file 7\ntotal_active_file ${MIB}\ntotal_inactive_file ${MIB}\n`,
  '/sys/fs/cgroup/memory/memory.oom_control': `oom_kill_disable 0\nunder_oom 0\noom_kill ${kills}\n`,
})
const V2 = (max: string, used: number) => ({
  ...MACHINE,
  '/sys/fs/cgroup/memory.max': `${max}\n`,
  '/sys/fs/cgroup/memory.current': `${used}\n`,
  '/sys/fs/cgroup/memory.stat': `anon 1\nactive_file ${MIB}\ninactive_file ${MIB}\nslab_reclaimable ${MIB}\n`,
  '/sys/fs/cgroup/memory.events': 'low 0\nmax 3\noom 2\noom_kill 2\noom_group_kill 0\n',
})

const from =
  (files: Record<string, string>): ReadText =>
  (path) =>
    files[path]

test('the tighter bound counts, and copies of files do not', () => {
  const read = (files: Record<string, string>) => {
    const { limitBytes = 0, availableBytes = 0 } = readMemory(from(files)) ?? {}
    return [limitBytes / MIB, availableBytes / MIB]
  }
  expect(read(V1(200 * MIB))).toEqual([256, 58])
  expect(read(V2(String(512 * MIB), 500 * MIB))).toEqual([512, 15])
  expect(read(V2('max', 500 * MIB))).toEqual([2_048, 1_024])
  expect(read(V2(String(1_900 * MIB), 10 * MIB))).toEqual([1_900, 1_024])
  const unlimited = {
    ...V1(0),
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
  }
  expect(read(unlimited)).toEqual([2_048, 1_024])
  expect(readMemory(from({}))).toBeUndefined()
})

test('what the kernel has ended is counted for this group, else for the machine', () => {
  expect(readKills(from(V1(0, 4)))).toBe(4)
  expect(readKills(from(V2('max', 0)))).toBe(2)
  expect(readKills(from({ '/proc/vmstat': 'nr_free_pages 8\noom_kill 9\n' }))).toBe(9)
})

test('each start takes its part until the figures have it', () => {
  const memory = new Memory(() => undefined, from(V1(100 * MIB)))
  expect(memory.room()).toBe(2)
  memory.reserve()
  expect(memory.room()).toBe(1)
  memory.reserve()
  memory.reserve()
  expect(memory.room()).toBe(0)
  expect(new Memory(() => undefined, from({})).room()).toBe(Infinity)
})

test('a process that has ended takes its part no more', () => {
  const memory = new Memory(() => undefined, from(V1(100 * MIB)))
  for (let pid = 1; pid <= 10; pid += 1) {
    memory.reserve()
    memory.begin('short', pid)
    expect(memory.room()).toBe(1)
    memory.end(pid, 0, null)
  }
  expect(memory.room()).toBe(2)
})

test('a process that the kernel has ended is named in the log, and others are not blamed', () => {
  const files = { ...V1(250 * MIB), '/proc/7/status': 'VmRSS:	 204800 kB' }
  const lines: unknown[] = []
  const memory = new Memory(
    (level, event, facts) => lines.push([level, event, facts]),
    (path) => {
      return (files as Record<string, string>)[path]
    },
  )
  memory.begin('greedy', 7)
  memory.begin('modest', 8)
  expect(memory.end(8, null, 'SIGKILL')).toBeUndefined()

  memory.begin('modest', 8)
  Object.assign(files, V1(100 * MIB, 1))
  expect(memory.end(8, 1, null)).toBeUndefined()
  expect(memory.end(7, null, 'SIGKILL')).toContain('memory had run out (256 MiB')
  expect(lines).toContainEqual([
    'error',
    'server_out_of_memory',
    { server: 'greedy', pid: 7, limitMiB: 256, beside: [] },
  ])
})
