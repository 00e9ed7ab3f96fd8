/** Names that a run is judged by. */
export const RAW_STDIO = 'raw stdio'
export const BARE_OBJECT = 'bare object'
/** After the name of Hearth, or of what it was at a former commit. */
export const POLICIES = ', all policies'
