/** Transformers of one's own, beside the built-in ones: add yours here, and build the gateway. */
import type { Transformer } from './transformer.ts'

export const REGISTERED: readonly Transformer[] = []
