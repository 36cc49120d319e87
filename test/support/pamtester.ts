/** Debian's pamtester and its PAM modules for a test: a service of its own under /etc/pam.d, which root alone can make, taken away at the end. */
import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { until } from './until.ts'

const program = '/usr/bin/pamtester'
const services = '/etc/pam.d'

export function hasPamRadius(): boolean {
  try {
    accessSync(services, constants.W_OK)
    return [program, '/etc/pam_radius_auth.conf'].every(existsSync)
  } catch {
    return false
  }
}

export type Terminal = {
  /** All that it has said so far. */
  said(): string
  /** Waits for a prompt, then types. */
  type(after: RegExp, text: string): Promise<void>
  /** Whether the person is let in. */
  end: Promise<boolean>
}

/** @returns what opens a terminal for somebody, and what takes the service away. */
export function pamService(configuration: string) {
  const name = `countersign-test-${process.pid}`
  writeFileSync(`${services}/${name}`, configuration)
  return {
    login(user: string): Terminal {
      const child = spawn(program, [name, user, 'authenticate'], { stdio: 'pipe' })
      let output = ''
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
      let read = 0
      return {
        said: () => output,
        async type(after, text) {
          const found = await until(`${after} at the terminal`, () => {
            const match = after.exec(output.slice(read))
            return match && read + match.index + match[0].length
          })
          read = found
          child.stdin.write(`${text}\n`)
        },
        end: new Promise((resolve) => child.on('close', (code) => resolve(code === 0))),
      }
    },
    remove: () => rmSync(`${services}/${name}`, { force: true }),
  }
}
