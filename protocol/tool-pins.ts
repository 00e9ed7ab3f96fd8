/** What the ServerHost object tells those who administer a tenant about its tools. */
import type { CatalogSettings } from './catalog.ts'

/** Of the definitions of all tools, against those of `find_tools` and `call_tool`. */
export interface Savings {
  /** Tools that can be found. */
  tools: number
  /** What their definitions take. Estimated: UTF-8 bytes of the JSON by four, rounded up. */
  tokens: number
  savedTokens: number
}

export interface ToolsReport {
  whenToolChanges: CatalogSettings['whenToolChanges']
  whenToolAppears: 'allow' | 'hold'
  savings: Savings
  tools: PinnedTool[]
  findings: Finding[]
}

export interface PinnedTool {
  server: string
  /** As the server calls it. */
  tool: string
  /**
   * `changed`: goes on with a definition that was not approved. `quarantined`, and `held` of a tool that was
   * never approved: neither listed nor callable.
   */
  state: 'approved' | 'changed' | 'quarantined' | 'held'
  /** SHA-256 of what is approved; absent where nothing of it is known any more. */
  fingerprint?: string
  approvedAt?: number
  /** Whether the server has shown it when it was asked last. */
  isListed: boolean
  renamedFrom?: string
  /** Definitions that wait for approval: one, but where clients of other capabilities are shown another. */
  pending: PendingDefinition[]
  /** The last change that was approved, or let pass. */
  lastChange?: { from: string; at?: number; diff: string }
}

export interface PendingDefinition {
  fingerprint: string
  since: number
  /** Lines of the definition as indented JSON: `-` as approved, `+` as it is now. */
  diff: string
}

export const FINDING_KINDS = [
  'renamed',
  'same_name',
  'similar_name',
  'mentions_other',
  'hidden_text',
  'suspicious_text',
] as const

export interface Finding {
  kind:
    'renamed' | 'same_name' | 'similar_name' | 'mentions_other' | 'hidden_text' | 'suspicious_text'
  server: string
  tool: string
  /** Absent where no other tool is concerned. */
  other?: { server: string; tool: string }
  /** The same for people. */
  text: string
}

export interface ToolApproval {
  server: string
  tool: string
  /** What is approved, or how it begins: another definition than this one is not. */
  fingerprint?: string
}
