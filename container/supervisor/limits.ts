/** Longest line of standard output, and longest message to a process. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024

/** What may wait for a process that does not read its input. */
export const MAX_STDIN_QUEUE_BYTES = 64 * 1024 * 1024

/** Processes of one cell that are not being ended. */
export const MAX_PROCESSES_PER_CELL = 256
