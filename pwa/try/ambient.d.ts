/** What the build makes importable: a file's own text, and style sheets. */
declare module '*?raw' {
  const text: string
  export default text
}
declare module '*.css' {}
