/** Started by `../steps.ts` with room for what is counted; prints `StepFigure[]` as JSON. */
import { measureStep } from './measure.ts'
import { createSteps } from './steps.ts'

console.log(JSON.stringify(createSteps().map(measureStep)))
