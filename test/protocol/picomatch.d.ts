/** Of picomatch 4, what the tests compare our globs with. */
declare module 'picomatch' {
  interface Options {
    bash?: boolean
    dot?: boolean
    noextglob?: boolean
    nobracket?: boolean
    nonegate?: boolean
    strictSlashes?: boolean
  }
  export default function picomatch(glob: string, options?: Options): (text: string) => boolean
}
