/** What a tool answered, for people. */
import type { CallToolResult } from './server-client.ts'

type Block = CallToolResult['content'][number]

/** Bytes in an answer: an image, a sound, a file. */
export interface Attachment {
  type: string
  bytes: Buffer
}

export interface ShownContent {
  /** Ends with a line break, or is empty. */
  text: string
  attachments: Attachment[]
}

/** `outFile`: where the attachments are written, for the note that stands in their place. */
export function showContent(result: CallToolResult, outFile?: string): ShownContent {
  const attachments: Attachment[] = []
  const parts = result.content.map((block) => {
    const attachment = toAttachment(block)
    if (attachment === undefined) return toText(block)
    const count = attachments.push(attachment)
    return toNote(attachment, outFile === undefined ? undefined : toFileName(outFile, count))
  })
  const { structuredContent } = result
  // A server repeats it as text, for clients that know nothing of it.
  if (parts.length === 0 && structuredContent !== undefined) parts.push(toJSON(structuredContent))
  return { text: parts.map((part) => part.replace(/\n?$/, '\n')).join(''), attachments }
}

/** The first is written to the file itself, the next beside it: `plot.png`, `plot-2.png`. */
export function toFileName(file: string, count: number): string {
  return count === 1 ? file : file.replace(/(\.[^./\\]+)?$/, `-${count}$1`)
}

function toText(block: Block): string {
  if (block.type === 'text') return block.text
  if (block.type === 'resource_link') return `${block.name}: ${block.uri}`
  if (block.type === 'resource' && 'text' in block.resource) return block.resource.text
  return toJSON(block)
}

function toAttachment(block: Block): Attachment | undefined {
  if (block.type === 'image' || block.type === 'audio') {
    return { type: block.mimeType, bytes: Buffer.from(block.data, 'base64') }
  }
  if (block.type !== 'resource' || !('blob' in block.resource)) return undefined
  const { mimeType = 'application/octet-stream', blob } = block.resource
  return { type: mimeType, bytes: Buffer.from(blob, 'base64') }
}

function toNote({ type, bytes }: Attachment, file: string | undefined): string {
  return `[${type}, ${bytes.length} bytes: ${file === undefined ? '--out FILE writes it' : `in ${file}`}]`
}

function toJSON(value: unknown): string {
  return JSON.stringify(value, null, 2)
}
