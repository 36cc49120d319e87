/**
 * Throw-away certificates. One for `localhost`, for the one connection on which a browser insists on TLS (Chromium's MCS).
 * Nothing trusts it: the browser is told its key's hash and nothing more.
 */
import { execFileSync } from 'node:child_process'
import { X509Certificate, createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Certificate = { key: Buffer; cert: Buffer; publicKeyHash: string }

/** @returns a self-signed P-256 certificate; `publicKeyHash` is what `--ignore-certificate-errors-spki-list` takes. */
export function selfSignedCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-tls-'))
  const keyFile = join(folder, 'key.pem')
  const certFile = join(folder, 'cert.pem')
  try {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
        ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
        ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
        ...['-keyout', keyFile, '-out', certFile],
      ],
      { stdio: 'ignore' },
    )
    const cert = readFileSync(certFile)
    const publicKey = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
    const publicKeyHash = createHash('sha256').update(publicKey).digest('base64')
    return { key: readFileSync(keyFile), cert, publicKeyHash }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export type Authority = {
  /** What vouches for `leaf`, in PEM. */
  ca: Buffer
  leaf: Pick<Certificate, 'key' | 'cert'>
}

/** A certificate authority of a company's own, and what it issued to `localhost`: stricter programs take no self-signed one. */
export function privateAuthority(names = 'DNS:localhost,IP:127.0.0.1'): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-ca-'))
  const at = (name: string) => join(folder, name)
  const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: 'ignore' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  try {
    openssl(
      ...['req', '-x509', '-days', '2', '-subj', '/CN=Company CA', ...newKey],
      ...['-keyout', at('ca.key'), '-out', at('ca.pem')],
    )
    openssl(
      ...['req', '-subj', '/CN=localhost', ...newKey],
      ...['-keyout', at('key.pem'), '-out', at('request.pem')],
    )
    writeFileSync(at('names'), `subjectAltName=${names}\n`)
    openssl(
      ...['x509', '-req', '-days', '2', '-in', at('request.pem'), '-extfile', at('names')],
      ...['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-set_serial', '1', '-out', at('cert.pem')],
    )
    const leaf = { key: readFileSync(at('key.pem')), cert: readFileSync(at('cert.pem')) }
    return { ca: readFileSync(at('ca.pem')), leaf }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
