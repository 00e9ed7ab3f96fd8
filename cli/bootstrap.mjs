/** `node cli/bootstrap.mjs SCRIPT ARGS…`: what package.json's scripts start with. */
import { launch } from './launch.mjs'

const [script, ...args] = process.argv.slice(2)
if (script === undefined) {
  console.error('usage: node cli/bootstrap.mjs SCRIPT ARGS…')
  process.exit(2)
}
await launch(script, args)
