/** The operator's own token. */

/** Constant time: `subtle.verify` compares MACs under a key that is made for this comparison. */
export async function isOperator(adminToken: string, given: string): Promise<boolean> {
  if (adminToken === '') return false
  const encoder = new TextEncoder()
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const random = crypto.getRandomValues(new Uint8Array(32))
  const key = await crypto.subtle.importKey('raw', random, hmac, false, ['sign', 'verify'])
  const mac = await crypto.subtle.sign('HMAC', key, encoder.encode(adminToken))
  return crypto.subtle.verify('HMAC', key, mac, encoder.encode(given))
}
