/** What the build puts in place of names, and what browsers have that TypeScript's libraries do not list. */
declare const __APP_VERSION__: string

declare module '*.wasm?url' {
  const address: string
  export default address
}
declare module '*.css' {}
