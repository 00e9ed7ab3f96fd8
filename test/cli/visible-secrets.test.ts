import { expect, test } from 'vitest'
import { findVisibleSecrets } from '#cli/config/visible-secrets.ts'
import { ServerConfigs } from '#protocol/server-config.ts'

test('a server with secrets in its arguments is told of, one with secrets in its environment is not', () => {
  const servers = ServerConfigs.parse({
    shown: { command: 'x', args: ['--key=${secret:A}', '${secret:A}${principal:B}'] },
    hidden: { command: 'x', env: { A: '${secret:A}' } },
    off: { command: 'x', args: ['${secret:A}'], enabled: false },
  })

  expect(findVisibleSecrets(servers)).toEqual([
    'server "shown": ${secret:A}, ${principal:B} in args is shown to every user of this machine ' +
      'by its process list; in env it is not',
  ])
})
