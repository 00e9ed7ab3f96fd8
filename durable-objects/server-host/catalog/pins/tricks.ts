/** Text of a definition that people do not see, or that a tool has no need of. Pure. */

export interface Trick {
  kind: 'hidden_text' | 'suspicious_text'
  /** What it does, after "the definition of …". */
  what: string
}

/** Each matches in time that grows with the text alone. */
const TRICKS: readonly (Trick & { pattern: RegExp })[] = [
  {
    kind: 'hidden_text',
    what: 'has letters that are not shown (zero width, tags, or variation selectors)',
    // A joiner between letters, or one selector after a sign, is how some scripts and emoji are written.
    pattern:
      /[\u{200B}\u{2060}-\u{2064}\u{FEFF}\u{00AD}\u{180E}\u{E0000}-\u{E007F}]|[\u{200C}\u{200D}]{2}|[\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}]{2}/u,
  },
  {
    kind: 'hidden_text',
    what: 'changes the direction of its text',
    pattern: /[\u{202A}-\u{202E}\u{2066}-\u{2069}]/u,
  },
  {
    kind: 'hidden_text',
    what: 'has control characters, as terminals obey them',
    // oxlint-disable-next-line no-control-regex
    pattern: /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/u,
  },
  { kind: 'hidden_text', what: 'has a comment that is not rendered', pattern: /<!--/ },
  {
    kind: 'hidden_text',
    what: 'hides text behind many empty lines',
    pattern: /\n[ \t]*(?:\n[ \t]*){19}/,
  },
  {
    kind: 'suspicious_text',
    what: 'tells the model to set its instructions aside',
    pattern:
      /\b(?:ignore|disregard|forget|override)\s+(?:all\s+|any\s+|the\s+|your\s+){0,3}(?:previous|prior|above|earlier|other|system)\s+(?:instructions?|prompts?|rules|messages?)/i,
  },
  {
    kind: 'suspicious_text',
    what: 'tells the model to keep something from the user',
    pattern:
      /\b(?:do\s+not|don['’]t|never|without)\s+(?:tell|telling|mention|mentioning|inform|informing|notify|notifying|reveal|revealing|show|showing)\b[^.\n]{0,60}\b(?:user|human|anyone|anybody)\b/i,
  },
  {
    kind: 'suspicious_text',
    what: 'speaks to the model with a tag of its own',
    pattern: /<\/?\s*(?:important|system|secret|instructions?|assistant|hidden)\s*>/i,
  },
  {
    kind: 'suspicious_text',
    what: 'names files that hold keys and passwords',
    pattern:
      /~\/\.(?:ssh|aws|gnupg|kube|netrc|npmrc|docker)\b|\bid_(?:rsa|ed25519|ecdsa)\b|\/etc\/(?:passwd|shadow)\b/i,
  },
  {
    kind: 'suspicious_text',
    what: 'asks to be used before, or instead of, other tools',
    pattern:
      /\b(?:always|must)\s+(?:call|use|run|invoke)\s+this\s+tool\s+(?:first|before|instead)\b|\bbefore\s+(?:using|calling|running)\s+any\s+other\s+tool/i,
  },
  {
    kind: 'suspicious_text',
    what: 'has a long run of letters that reads as nothing',
    pattern: /[A-Za-z0-9+/]{200}/,
  },
]

/** One of each, in the order of the table. */
export function readTricks(text: string): Trick[] {
  return TRICKS.filter(({ pattern }) => pattern.test(text)).map(({ kind, what }) => ({
    kind,
    what,
  }))
}
