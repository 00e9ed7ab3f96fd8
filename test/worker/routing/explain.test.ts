/** What explain says: the rules that were looked at, the one that is taken, who answers, under which policies. */
import { expect, test } from 'vitest'
import { explain } from '#worker/routing/explain.ts'
import type { Called } from '#worker/routing/match.ts'
import { policyWith } from './policy.ts'

const policy = policyWith(
  [
    { name: 'rest', timeoutMs: 9_000, retries: { attempts: 2 }, transform: [{ use: 'cache' }] },
    { name: 'prompts', match: { prompts: ['*'] }, priority: 20 },
    {
      name: 'dangerous',
      match: { tools: ['*__delete_*'] },
      ...{ priority: 10, requiredScopes: ['deploy'] },
    },
    {
      name: 'search',
      match: { tools: ['{github,gitlab}__search*'] },
      servers: ['github', { server: 'mirror', name: 'find', weight: 2 }, 'gone', 'secret'],
      strategy: 'weighted',
      limits: [{ name: 'few', per: 'tenant', algorithm: 'concurrency', limit: 3 }],
    },
    { name: 'files', match: { resources: ['file:///*'], servers: ['other*'] } },
  ],
  { servers: { secret: { requiredScopes: ['mfa'], limits: [] } } },
)

const tool = (name: string, server = 'github'): Called => ({ kind: 'tool', server, name })
const ask = (called: Called, scopes?: string[]) => {
  const { kind, server, name } = called
  const asked = { kind, name: kind === 'resource' ? name : `${server}__${name}`, called }
  return explain(policy, asked, scopes && { scopes })
}

test('a route that matches, with its servers', () => {
  expect(ask(tool('search_code'), ['servers:github', 'servers:mirror', 'servers:secret']))
    .toMatchInlineSnapshot(`
    {
      "called": {
        "matchedAs": "github__search_code",
        "name": "search_code",
        "server": "github",
      },
      "kind": "tool",
      "lookedAt": [
        {
          "matches": false,
          "priority": 20,
          "route": "prompts",
          "why": "it has no patterns for tools",
        },
        {
          "matches": false,
          "priority": 10,
          "route": "dangerous",
          "why": "no pattern of match.tools matches",
        },
        {
          "matches": true,
          "priority": 0,
          "route": "search",
          "why": ""{github,gitlab}__search*" matches",
        },
      ],
      "name": "github__search_code",
      "policies": {
        "limits": [
          "few",
        ],
        "requiredScopes": [],
        "strategy": "weighted",
      },
      "route": "search",
      "targets": [
        {
          "isUsable": true,
          "name": "search_code",
          "server": "github",
          "weight": 1,
        },
        {
          "isUsable": true,
          "name": "find",
          "server": "mirror",
          "weight": 2,
        },
        {
          "isUsable": false,
          "name": "search_code",
          "server": "gone",
          "weight": 1,
          "why": "there is no such server, or it is not enabled",
        },
        {
          "isUsable": false,
          "name": "search_code",
          "server": "secret",
          "weight": 1,
          "why": "it requires the scopes mfa",
        },
      ],
      "text": "tool github__search_code is search_code of github
    route search (priority 0): "{github,gitlab}__search*" matches
      before it: prompts (priority 20): it has no patterns for tools
      before it: dangerous (priority 10): no pattern of match.tools matches
    servers, by their weights: github, mirror as find (weight 2)
      not gone: there is no such server, or it is not enabled
      not secret: it requires the scopes mfa
    limits: few",
    }
  `)
})

test('a route whose scopes its caller lacks', () => {
  expect(ask(tool('delete_repo'), ['*']).text).toMatchInlineSnapshot(`
    "tool github__delete_repo is delete_repo of github
    route dangerous (priority 10): "*__delete_*" matches
      before it: prompts (priority 20): it has no patterns for tools
    server: github
    scopes: deploy
      the caller lacks deploy"
  `)
  expect(ask(tool('delete_repo'), ['*', 'deploy'])).not.toHaveProperty('missingScopes')
  expect(ask(tool('delete_repo'))).not.toHaveProperty('missingScopes')
})

test('the default route', () => {
  const resource: Called = { kind: 'resource', server: 'files', name: 'file:///etc/hosts' }

  expect(ask(resource).text).toMatchInlineSnapshot(`
    "resource file:///etc/hosts is file:///etc/hosts of files
    route rest: it is the default route: no other matches
      before it: prompts (priority 20): it has no patterns for resources
      before it: dangerous (priority 10): it has no patterns for resources
      before it: search (priority 0): it has no patterns for resources
      before it: files (priority 0): no pattern of match.resources matches, or none of match.servers matches files
    server: files
    timeout: 9000 ms
    tries at one server: 2
    transformers: cache"
  `)
})

test('no route at all', () => {
  const none = policyWith([])

  expect(explain(none, { kind: 'tool', name: 'github__x', called: tool('x') }).text)
    .toMatchInlineSnapshot(`
    "tool github__x is x of github
    no route matches: nothing but the server itself
    server: github"
  `)
})

test('a name that stands for nothing', () => {
  expect(explain(policy, { kind: 'tool', name: 'nothing', called: undefined }))
    .toMatchInlineSnapshot(`
    {
      "kind": "tool",
      "lookedAt": [],
      "name": "nothing",
      "policies": {
        "limits": [],
        "requiredScopes": [],
      },
      "targets": [],
      "text": "nothing in the catalog is called nothing (tool)",
    }
  `)
})
