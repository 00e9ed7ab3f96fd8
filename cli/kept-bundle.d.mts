export interface Bundle {
  text: string
  /** Every file that it was made of, from `root`. */
  inputs: string[]
}

export interface KeptBundleOptions {
  /** Where it is kept; the next bundle replaces it. */
  file: string
  /** The folder that `inputs` start at. */
  root: string
  /** What else it follows from, such as the version and the options of the bundler. */
  from: string
  build: () => Promise<Bundle>
}

/** Throws what `build` throws. Where nothing can be written, the next start builds again. */
export function keptBundle(options: KeptBundleOptions): Promise<{
  text: string
  /** Whether `file` has it, after a first line that is a comment. */
  isKept: boolean
}>
