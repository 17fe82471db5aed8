import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** Who a certificate is for. Kubernetes takes the common name as user and the organizations as groups. */
export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

/** `expired`: it ended an hour ago. */
export interface Validity {
  readonly expired?: boolean;
}

/** A certificate authority of our own. */
export interface Authority {
  /** PEM. */
  readonly certificate: string;
  /** For a server on 127.0.0.1, or of the DNS name `host`. */
  issueServer(subject: Subject, options?: Validity & { readonly host?: string }): KeyPair;
  issueClient(subject: Subject, options?: Validity): KeyPair;
}

/**
 * Makes a certificate authority. Node.js reads X.509 but cannot issue it, and openssl may not be installed, so the few
 * DER structures that are needed (RFC 5280) are written here. Keys are EC P-256: made in a millisecond.
 */
export function createAuthority(commonName: string): Authority {
  const keys = generateKeys();
  const issuer = { name: name({ commonName }), key: keys.privateKey };
  const issue = (subject: Subject, extensions: readonly Buffer[], expired = false): KeyPair => {
    const { publicKey, privateKey } = generateKeys();
    return {
      certificate: certificate(issuer, name(subject), publicKey, extensions, expired),
      key: printPrivateKey(privateKey),
    };
  };
  return {
    certificate: certificate(issuer, issuer.name, keys.publicKey, [IS_AUTHORITY, SIGNS_CERTIFICATES], false),
    issueServer: (subject, { expired, host } = {}) =>
      issue(subject, [SIGNS_DATA, SERVES, host === undefined ? ON_LOCALHOST : named(host)], expired),
    issueClient: (subject, options) => issue(subject, [SIGNS_DATA, CALLS], options?.expired),
  };
}

/** A private key that no certificate is about, PEM. */
export function createPrivateKey(): string {
  return printPrivateKey(generateKeys().privateKey);
}

function generateKeys(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

/** SEC 1, not PKCS 8: kube-apiserver reads the keys of service accounts in no other form. */
function printPrivateKey(key: KeyObject): string {
  return key.export({ type: 'sec1', format: 'pem' }).toString();
}

/** RFC 5280, 4.1: the fields in their order, signed. */
function certificate(
  issuer: { readonly name: Buffer; readonly key: KeyObject },
  subject: Buffer,
  publicKey: KeyObject,
  extensions: readonly Buffer[],
  expired: boolean,
): string {
  const body = sequence(
    tagged(0xa0, integer(2)), // Version 3.
    integer(0x40, ...randomBytes(15)),
    ECDSA_WITH_SHA256,
    issuer.name,
    sequence(time(hoursFromNow(-2)), time(hoursFromNow(expired ? -1 : 24 * 365))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  );
  const der = sequence(body, ECDSA_WITH_SHA256, bitString(sign('sha256', body, issuer.key)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function name({ commonName, organizations = [] }: Subject): Buffer {
  const attribute = (type: string, value: string): Buffer =>
    tagged(0x31, sequence(identifier(type), tagged(0x0c, Buffer.from(value))));
  return sequence(...organizations.map((each) => attribute('2.5.4.10', each)), attribute('2.5.4.3', commonName));
}

function extension(type: string, critical: boolean, value: Buffer): Buffer {
  return sequence(identifier(type), ...(critical ? [TRUE] : []), tagged(0x04, value));
}

function hoursFromNow(hours: number): Date {
  return new Date(Date.now() + hours * 3_600_000);
}

/** UTCTime, `YYMMDDhhmmssZ`: what RFC 5280 wants before 2050. */
function time(date: Date): Buffer {
  return tagged(
    0x17,
    Buffer.from(
      `${date
        .toISOString()
        .replaceAll(/[-:T]|\..*/g, '')
        .slice(2)}Z`,
    ),
  );
}

/** Big-endian and positive; the first byte is from 0x01 to 0x7f, as DER wants the shortest form. */
function integer(...bytes: readonly number[]): Buffer {
  return tagged(0x02, Buffer.from(bytes));
}

function bitString(bytes: Buffer, unusedBits = 0): Buffer {
  return tagged(0x03, Buffer.from([unusedBits]), bytes);
}

/** `2.5.4.3`: the first two numbers share a byte, the others are written in groups of seven bits. */
function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = rest.flatMap((each) => {
    const groups = [each & 0x7f];
    for (let left = each >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return tagged(0x06, Buffer.from([first * 40 + second, ...bytes]));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}

/** Tag, length, value. DER wants the shortest form of a length, and Go insists on it. */
function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const size = value.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}

const TRUE = tagged(0x01, Buffer.from([0xff]));
const ECDSA_WITH_SHA256 = sequence(identifier('1.2.840.10045.4.3.2'));
const IS_AUTHORITY = extension('2.5.29.19', true, sequence(TRUE));
const SIGNS_CERTIFICATES = extension('2.5.29.15', true, bitString(Buffer.from([0x04]), 2));
const SIGNS_DATA = extension('2.5.29.15', true, bitString(Buffer.from([0x80]), 7));
const SERVES = extension('2.5.29.37', false, sequence(identifier('1.3.6.1.5.5.7.3.1')));
const CALLS = extension('2.5.29.37', false, sequence(identifier('1.3.6.1.5.5.7.3.2')));

function named(host: string): Buffer {
  return extension('2.5.29.17', false, sequence(tagged(0x82, Buffer.from(host))));
}

const ON_LOCALHOST = extension('2.5.29.17', false, sequence(tagged(0x87, Buffer.from([127, 0, 0, 1]))));
