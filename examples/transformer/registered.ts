/** `durable-objects/server-host/transform/registered.ts`, once the transformer is in it. */
import type { Transformer } from '#durable-objects/server-host/transform/transformer.ts'
import { convertCurrency } from './convert-currency.ts'

export const REGISTERED: readonly Transformer[] = [convertCurrency]
