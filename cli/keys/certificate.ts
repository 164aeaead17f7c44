// X.509: an authority, and certificates of it that say who somebody is.
//
// Invariants:
//   K1. A certificate that says who somebody is has one URI for that, see orchestrator/trust/caller.ts.
//   K2. Only what has names to be found at serves; a host's certificate can't be shown by a server.
//   K3. A server that is nobody may call: several NATS servers of a cluster show each other theirs. As a caller
//       of anything else it is nobody.

import 'reflect-metadata'; // The library asks for it, before anything else.
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

/** Every client and server knows it. */
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;
/** For clocks that are behind. */
const BACKDATED_MS = 300_000;

x509.cryptoProvider.set(webcrypto);

export interface CertifiedKey {
  readonly certificate: string;
  /** PKCS #8. */
  readonly key: string;
}

export interface Signed extends CertifiedKey {
  /** Hexadecimal, as Node has it. */
  readonly serial: string;
}

export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A new authority that signs certificates and nothing else. All in PEM. */
export async function createAuthority(id: string, validity: Validity): Promise<CertifiedKey> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    // While one follows another, a name of its own tells which one signed.
    name: `CN=Lull authority ${id}`,
    ...datesOf(validity),
    signingAlgorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemOf(certificate), key: pemOfKey(keys.privateKey) };
}

export interface Wanted extends Validity {
  /** For people. */
  readonly title: string;
  /** K1; absent: of a server that is nobody. */
  readonly urn?: string;
  /** DNS names and addresses that it serves at (K2). */
  readonly serves: readonly string[];
}

/** A new key, and a certificate of it. */
export async function certify(authority: CertifiedKey, wanted: Wanted): Promise<Signed> {
  const { title, urn, serves } = wanted;
  const issuer = new x509.X509Certificate(authority.certificate);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const usages = [
    x509.ExtendedKeyUsage.clientAuth, // K3
    ...(serves.length === 0 ? [] : [x509.ExtendedKeyUsage.serverAuth]),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${title}`,
    issuer: issuer.subject,
    ...datesOf(wanted),
    signingAlgorithm,
    signingKey: await signingKeyOf(authority.key),
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages),
      new x509.SubjectAlternativeNameExtension([
        ...(urn === undefined ? [] : [{ type: 'url' as const, value: urn }]),
        ...serves.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  const serial = certificate.serialNumber.toUpperCase();
  return { certificate: pemOf(certificate), key: pemOfKey(keys.privateKey), serial };
}

function datesOf({ fromMs, untilMs }: Validity): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(fromMs - BACKDATED_MS), notAfter: new Date(untilMs) };
}

/** Positive, and never begins with a zero that others leave out. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes.toString('hex');
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

function pemOfKey(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}

function signingKeyOf(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}
