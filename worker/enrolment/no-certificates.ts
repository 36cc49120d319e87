/**
 * Stands in for @peculiar/x509 in the bundle. Only certificates of attestations are read by it, and we ask for none (`attestationType:
 * 'none'`): who sends one all the same is refused. It would be a quarter of the worker, and of the time that it takes to start.
 */
function refused(): never {
  throw new Error('attestation certificates are not looked at')
}

export {
  refused as AuthorityKeyIdentifierExtension,
  refused as CRLDistributionPointsExtension,
  refused as SubjectKeyIdentifierExtension,
  refused as X509Certificate,
  refused as X509ChainBuilder,
  refused as X509Crl,
}
