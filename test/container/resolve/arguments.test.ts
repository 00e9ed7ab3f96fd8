import { describe, expect, test } from 'vitest'
import { parseNpx } from '#container/resolve/npx.ts'
import { parseUvx } from '#container/resolve/uvx.ts'

describe('npx', () => {
  const cases = [
    ['-y tiny', { name: 'tiny', args: [] }],
    ['tiny@1.2.3 --flag x', { name: 'tiny', version: '1.2.3', args: ['--flag', 'x'] }],
    ['-y @s/tiny@latest -y', { name: '@s/tiny', version: 'latest', args: ['-y'] }],
    ['-p tiny@^1 other a', { name: 'tiny', version: '^1', bin: 'other', args: ['a'] }],
    ['--package=tiny -- other', { name: 'tiny', bin: 'other', args: [] }],
    ['-c "tiny | cat"', undefined],
    ['github:someone/tiny', undefined],
    ['tiny@git+ssh://host/x', undefined],
    ['./folder', undefined],
    ['-y', undefined],
    ['', undefined],
  ] as const
  for (const [line, parsed] of cases) {
    const args = line.split(' ').filter((arg) => arg !== '')
    test(`npx ${line}`, () => expect(parseNpx(args)).toEqual(parsed))
  }
})

describe('uvx', () => {
  const cases = [
    ['tiny a', { spec: 'tiny', options: [], bin: 'tiny', args: ['a'] }],
    ['tiny@1.2 a', { spec: 'tiny==1.2', options: [], bin: 'tiny', args: ['a'] }],
    ['tiny@latest', { spec: 'tiny', options: [], bin: 'tiny', args: [] }],
    ['tiny[cli]', { spec: 'tiny[cli]', options: [], bin: 'tiny', args: [] }],
    ['--from ./x tiny --from y', { spec: './x', options: [], bin: 'tiny', args: ['--from', 'y'] }],
    [
      '--from=tiny==1 --with mcp --python 3.12 run',
      {
        spec: 'tiny==1',
        options: ['--with', 'mcp', '--python', '3.12'],
        bin: 'run',
        args: [],
      },
    ],
    ['--isolated tiny', undefined],
    ['', undefined],
  ] as const
  for (const [line, parsed] of cases) {
    const args = line.split(' ').filter((arg) => arg !== '')
    test(`uvx ${line}`, () => expect(parseUvx(args)).toEqual(parsed))
  }
})
