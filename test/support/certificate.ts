/** A self-signed certificate for this machine, made without a tool: X.509 v3, P-256. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

export interface Certificate {
  cert: string
  key: string
}

const ECDSA_WITH_SHA256 = '06082a8648ce3d040302'
const COMMON_NAME = '0603550403'
const BASIC_CONSTRAINTS = '0603551d13'
const SUBJECT_ALT_NAME = '0603551d11'
const DAY_MS = 86_400_000

/** For `localhost`, 127.0.0.1, and the names. Good for a day. */
export function createCertificate(...names: string[]): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(hex(ECDSA_WITH_SHA256))
  const name = sequence(
    der(0x31, sequence(hex(COMMON_NAME), der(0x0c, Buffer.from('hearth test')))),
  )
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    sequence(time(Date.now() - DAY_MS), time(Date.now() + DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(constraints(), altNames(['localhost', ...names]))),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey))
  const certificate = sequence(body, algorithm, signature)
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function constraints(): Buffer {
  return sequence(hex(BASIC_CONSTRAINTS), der(0x04, sequence(der(0x01, Buffer.from([0xff])))))
}

function altNames(names: string[]): Buffer {
  const all = names.map((name) => der(0x82, Buffer.from(name)))
  const address = der(0x87, Buffer.from([127, 0, 0, 1]))
  return sequence(hex(SUBJECT_ALT_NAME), der(0x04, sequence(...all, address)))
}

function time(at: number): Buffer {
  const text = new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14)
  return der(0x18, Buffer.from(`${text}Z`))
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, ...parts)
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}
