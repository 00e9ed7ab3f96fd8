/** What Hearth calls itself to servers and clients. A test compares it with package.json. */
export const VERSION = '0.1.0'
export const IMPLEMENTATION = { name: 'hearth', version: VERSION }
