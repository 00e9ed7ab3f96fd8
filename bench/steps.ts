/** `npm run bench -- steps`: what each step of a warm call costs by itself, without any I/O. */
import { execFileSync } from 'node:child_process'
import type { StepFigure } from './results.ts'

const PROGRAM = new URL('steps/main.ts', import.meta.url).pathname
/** The collector must not run while allocations are counted. Megabytes. */
const YOUNG_GENERATION = '--max-semi-space-size=256'
const FLAGS = ['--expose-gc', YOUNG_GENERATION, YOUNG_GENERATION.replace('max', 'min')]

/** In a process of its own, so that nothing else is in its memory. */
export function measureSteps(): StepFigure[] {
  const printed = execFileSync(process.execPath, [...FLAGS, PROGRAM], { encoding: 'utf8' })
  return JSON.parse(printed) as StepFigure[]
}

/** What the other gateway states for all of its steps together. */
const TOGETHER_ELSEWHERE_NS = 2_000

export function toStepTable(steps: readonly StepFigure[]): string {
  const added = steps.filter(({ isVariant }) => isVariant !== true)
  const sumOf = (member: 'ns' | 'bytes') => added.reduce((sum, step) => sum + step[member], 0)
  const together: StepFigure = {
    name: '**together**',
    what: 'each step once',
    ns: sumOf('ns'),
    bytes: sumOf('bytes'),
    elsewhereNs: TOGETHER_ELSEWHERE_NS,
  }
  const head = '| step | what | ns | bytes allocated | stated elsewhere, ns | Hearth ÷ it |'
  const rule = '| --- | --- | ---: | ---: | ---: | ---: |'
  return [head, rule, ...[...steps, together].map(toRow)].join('\n')
}

function toRow({ name, what, ns, bytes, elsewhereNs }: StepFigure): string {
  const [elsewhere, ratio] =
    elsewhereNs === undefined
      ? ['–', '–']
      : [elsewhereNs.toLocaleString('en'), `${toRatio(ns / elsewhereNs)} ×`]
  const cells = [Math.round(ns).toLocaleString('en'), bytes.toLocaleString('en')]
  return `| ${name} | ${what} | ${[...cells, elsewhere, ratio].join(' | ')} |`
}

function toRatio(ratio: number): string {
  return ratio < 10 ? ratio.toPrecision(2) : ratio.toFixed(0)
}
