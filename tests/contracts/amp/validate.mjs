// Reads documents, a JSON array, from standard input; prints what the official validator says.
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'

const require = createRequire(import.meta.url)
const folder = 'next/dist/compiled/amphtml-validator'
const validator = await require(folder).getInstance(require.resolve(`${folder}/validator_wasm.js`))

const verdicts = JSON.parse(await text(process.stdin)).map((document) => {
  const { status, errors } = validator.validateString(document, 'AMP4EMAIL')
  return { status, errors: errors.filter((each) => each.severity === 'ERROR').map((each) => each.message) }
})
process.stdout.write(JSON.stringify(verdicts))
