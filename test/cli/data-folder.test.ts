import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDataFolder } from '#cli/data-folder.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hearth-folder-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = () => join(folder, 'secrets.json')
const stored = () => JSON.parse(readFileSync(file(), 'utf8')) as Record<string, string>
const permissions = () => statSync(file()).mode & 0o777
const KEY = /^[0-9a-f]{64}$/

test('the secrets of a new folder are made once, for its owner alone', () => {
  const { secrets } = openDataFolder(folder)

  expect(secrets.masterKey).toMatch(KEY)
  expect(new Set(Object.values(secrets)).size).toBe(4)
  expect(openDataFolder(folder).secrets).toEqual(secrets)
  expect(stored()).toEqual(secrets)
  expect(permissions()).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['secrets.json'])
})

test('a folder without a master key gets one, and keeps everything else', () => {
  const { masterKey: _, ...former } = openDataFolder(folder).secrets
  writeFileSync(file(), JSON.stringify(former), { mode: 0o644 })
  // What a crash in the middle of a change has left.
  writeFileSync(`${file()}.new`, '{', { mode: 0o644 })

  const { secrets } = openDataFolder(folder)

  expect(secrets).toEqual({ ...former, masterKey: expect.stringMatching(KEY) })
  expect(stored()).toEqual(secrets)
  expect(permissions()).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['secrets.json'])
})

test('several master keys are taken for a rotation, and a broken one is refused without a word of it', () => {
  const { secrets } = openDataFolder(folder)
  const masterKey = `2:${'ab'.repeat(32)},1:${secrets.masterKey}`
  writeFileSync(file(), JSON.stringify({ ...secrets, masterKey }))
  expect(openDataFolder(folder).secrets.masterKey).toBe(masterKey)

  writeFileSync(file(), JSON.stringify({ ...secrets, masterKey: 'do-not-quote-me' }))

  expect(() => openDataFolder(folder)).toThrow('is damaged')
  expect(() => openDataFolder(folder)).not.toThrow('do-not-quote-me')
})
