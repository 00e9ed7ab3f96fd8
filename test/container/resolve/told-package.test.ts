import { expect, test } from 'vitest'
import { Installation } from '#container/resolve/installation.ts'
import type { InstallWatch } from '#container/resolve/resolved.ts'
import { createRedactor } from '#protocol/redaction.ts'

test.each([
  ['git+https://ghp_secret@git.example/a.git', 'git+https://git.example/a.git'],
  ['git+https://me:secret@git.example/a.git#v1', 'git+https://git.example/a.git#v1'],
  ['https://h.example/a.tgz?sig=secret', 'https://h.example/a.tgz'],
  ['@scope/name@1.2.3', '@scope/name@1.2.3'],
  ['of-value-of-a-secret', 'of-[redacted]'],
])('whoever waits for %s is told of %s', (spec, told) => {
  const seen: (string | undefined)[] = []
  const watch: InstallWatch = {
    ticket: { urgency: 0 },
    isWanted: () => true,
    redact: createRedactor(['value-of-a-secret']),
    onState: (_state, name) => void seen.push(name),
  }
  void new Installation(spec).join(watch)

  expect(seen).toEqual([told])
})
