import { expect, test } from 'vitest'
import { toolReason } from '#container/resolve/tool-reason.ts'

const LOG = 'A complete log of this run can be found in: /home/u/.npm/_logs/2026-debug-0.log'

const cases: { name: string; output: string[]; reason: string }[] = [
  {
    name: 'npm: a package that does not exist',
    output: [
      'npm error code E404',
      'npm error 404 Not Found - GET https://registry.npmjs.org/absent',
      'npm error 404',
      "npm error 404  The requested resource 'absent@*' could not be found or you do not have permission to access it.",
      'npm error 404',
      'npm error 404 Note that you can also install from a',
      'npm error 404 tarball, folder, http url, or git url.',
      `npm error ${LOG}`,
    ],
    reason: 'E404: 404 Not Found - GET https://registry.npmjs.org/absent',
  },
  {
    name: 'npm 9: a package that does not exist',
    output: [
      'npm ERR! code E404',
      'npm ERR! 404 Not Found - GET https://registry.npmjs.org/absent - Not found',
      `npm ERR! ${LOG}`,
    ],
    reason: 'E404: 404 Not Found - GET https://registry.npmjs.org/absent - Not found',
  },
  {
    name: 'npm: a version that does not exist',
    output: [
      'npm error code ETARGET',
      'npm error notarget No matching version found for is-odd@99.99.99.',
      "npm error notarget In most cases you or one of your dependencies are requesting a package version that doesn't exist.",
      `npm error ${LOG}`,
    ],
    reason: 'ETARGET: notarget No matching version found for is-odd@99.99.99.',
  },
  {
    name: 'npm: a registry that is not there',
    output: [
      'npm error code ECONNREFUSED',
      'npm error syscall connect',
      'npm error errno ECONNREFUSED',
      'npm error FetchError: request to http://127.0.0.1:9/is-odd failed, reason: connect ECONNREFUSED 127.0.0.1:9',
      'npm error     at ClientRequest.<anonymous> (/usr/lib/node_modules/npm/index.js:130:14) {',
      "npm error   code: 'ECONNREFUSED',",
      'npm error }',
      'npm error',
      "npm error If you are behind a proxy, please make sure that the 'proxy' config is set properly.",
      `npm error ${LOG}`,
    ],
    reason:
      'ECONNREFUSED: FetchError: request to http://127.0.0.1:9/is-odd failed, reason: connect ECONNREFUSED 127.0.0.1:9',
  },
  {
    name: 'npm: an install script that fails',
    output: [
      'npm error code 3',
      'npm error path /tmp/node_modules/native',
      'npm error command failed',
      'npm error command sh -c node-gyp rebuild',
      'npm error building',
      'npm error gyp: No such compiler',
      'npm error not ok',
      `npm error ${LOG}`,
    ],
    reason: '3: command failed: gyp: No such compiler',
  },
  {
    name: 'uv: a package that does not exist',
    output: [
      'error: No solution found when resolving dependencies',
      '  cause: Because absent was not found in the package registry and you require absent, we can conclude that your requirements are unsatisfiable.',
    ],
    reason:
      'No solution found when resolving dependencies: Because absent was not found in the package registry and you require absent, we can conclude that your requirements are unsatisfiable.',
  },
  {
    name: 'uv of before: the same, in a box that is broken into lines',
    output: [
      '  × No solution found when resolving dependencies:',
      '  ╰─▶ Because absent was not found in the package registry and you require',
      '      absent, we can conclude that your requirements are unsatisfiable.',
    ],
    reason:
      'No solution found when resolving dependencies: Because absent was not found in the package registry and you require absent, we can conclude that your requirements are unsatisfiable.',
  },
  {
    name: 'uv: a registry that is not there',
    output: [
      'error: Request failed after 3 retries in 6.1s',
      '  cause: Failed to fetch: `http://127.0.0.1:9/requests/`',
      '  cause: Connection refused (os error 111)',
    ],
    reason:
      'Request failed after 3 retries in 6.1s: Failed to fetch: `http://127.0.0.1:9/requests/`: Connection refused (os error 111)',
  },
  {
    name: 'another tool: the last line that tells something',
    output: ['starting', 'sh: frob: not found', 'bye'],
    reason: 'sh: frob: not found',
  },
  { name: 'silence', output: ['', '  '], reason: 'no output' },
]

test.each(cases)('$name', ({ output, reason }) => {
  expect(toolReason(output)).toBe(reason)
})
