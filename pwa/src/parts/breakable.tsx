/** An account's name that may break after its own marks, where it is longer than the line. */
import { Fragment } from 'preact'

export function Breakable({ address }: { address: string }) {
  return (
    <>
      {address.split(/(?<=[@._-])/).map((part, place) => (
        <Fragment key={place}>
          {place > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </>
  )
}
