/**
 * An address for a message: what may be a name and password before the host is left out. Passwords may hold `/`, `:` and `@`, so that
 * all before the last `@` goes where the first part of the address does not look like a host alone.
 */
export function withoutCredentials(address: string): string {
  const [, scheme = '', rest = ''] = /^((?:[a-z][a-z0-9+.-]*:\/\/)?)(.*)$/is.exec(address) ?? [];
  const [host = ''] = rest.split('/', 1);
  return /^[^@:]*(?::\d*)?$/.test(host) ? address : scheme + rest.slice(rest.lastIndexOf('@') + 1);
}
