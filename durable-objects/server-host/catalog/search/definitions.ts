/** The two tools of a lazy catalog, and what a model is told of them. Pure. */
import { CALL_TOOL, FIND_TOOLS } from '#protocol/lazy-tools.ts'

export const DEFAULT_FOUND = 5
export const MAX_FOUND = 25
/** Further servers are not named to the model. */
const MAX_NAMED_SERVERS = 100

export const LAZY_INSTRUCTIONS = [
  `Tools are not listed here one by one. Say what you want to do to ${FIND_TOOLS}, in a few words:`,
  'it answers the tools that do it, best first, each with its name and the schema of its arguments.',
  `Then run one of them with ${CALL_TOOL}, with that name and arguments that fit the schema.`,
  'When nothing fits, search again in other words.',
].join(' ')

const FOUND_TOOL = {
  type: 'object',
  properties: {
    name: { type: 'string', description: `For ${CALL_TOOL}` },
    title: { type: 'string' },
    description: { type: 'string' },
    inputSchema: { type: 'object', description: 'JSON Schema of the arguments' },
    annotations: { type: 'object' },
  },
  required: ['name', 'inputSchema'],
}

const MISSING_SERVER = {
  type: 'object',
  properties: { server: { type: 'string' }, message: { type: 'string' } },
  required: ['server', 'message'],
}

/** `servers`: those whose tools are searched. */
export function findToolsDefinition(servers: readonly string[]): Record<string, unknown> {
  const named = servers.slice(0, MAX_NAMED_SERVERS).join(', ')
  const more = servers.length > MAX_NAMED_SERVERS ? ', and more' : ''
  return {
    name: FIND_TOOLS,
    title: 'Find tools',
    description:
      'Finds tools by what they do. Answers the best ones with their names, descriptions and input ' +
      `schemas; run one with ${CALL_TOOL}. Servers: ${named}${more}.`,
    inputSchema: {
      type: 'object',
      properties: {
        query: {
          type: 'string',
          description: 'What is to be done, in a few words: "create a calendar event"',
        },
        limit: { type: 'integer', minimum: 1, maximum: MAX_FOUND, default: DEFAULT_FOUND },
        server: { type: 'string', description: 'Only tools of this server' },
      },
      required: ['query'],
    },
    outputSchema: {
      type: 'object',
      properties: {
        tools: { type: 'array', items: FOUND_TOOL, description: 'Best first' },
        hint: { type: 'string', description: 'What to do where nothing fits' },
        missing: {
          type: 'array',
          items: MISSING_SERVER,
          description: 'Servers whose tools could not be searched',
        },
      },
      required: ['tools'],
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  }
}

export const CALL_TOOL_DEFINITION = {
  name: CALL_TOOL,
  title: 'Call a tool',
  description: `Runs a tool that ${FIND_TOOLS} has found, and answers what it answers.`,
  inputSchema: {
    type: 'object',
    properties: {
      name: { type: 'string', description: `The tool's name, as ${FIND_TOOLS} told it` },
      arguments: { type: 'object', description: "Its arguments, by the tool's inputSchema" },
    },
    required: ['name'],
  },
} as const
