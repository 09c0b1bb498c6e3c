import { isIPv4, isIPv6 } from 'node:net';

/** From where a host can be reached, as far as its name tells. */
type HostReach =
  /** This machine only. */
  | 'loopback'
  /** A name without a dot, or under a domain that no public name server knows: one network, such as that of Docker. */
  | 'internal-name'
  /** An address of a private network: a company's pages may use it, the public may not. */
  | 'private-address'
  | 'public';

/** Reserved or customary for private networks (RFC 6762, RFC 8375, RFC 2606, ICANN's `.internal`). */
const internalDomains = ['local', 'internal', 'lan', 'home.arpa', 'intranet', 'corp', 'cluster.local', 'svc', 'test'];

/** @param hostname as `URL` gives it: an IPv6 address in brackets */
export function hostReach(hostname: string): HostReach {
  const host = hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  if (isIPv4(host)) return ipv4Reach(host);
  if (isIPv6(host)) return ipv6Reach(host);
  if (host === 'localhost' || host.endsWith('.localhost')) return 'loopback';
  if (!host.includes('.')) return 'internal-name';
  return internalDomains.some((domain) => host.endsWith(`.${domain}`)) ? 'internal-name' : 'public';
}

/** RFC 1122, RFC 1918, RFC 3927 and RFC 6598. */
function ipv4Reach(address: string): HostReach {
  const [a = 0, b = 0] = address.split('.').map(Number);
  if (a === 127 || a === 0) return 'loopback';
  const isPrivate =
    a === 10 ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b <= 127);
  return isPrivate ? 'private-address' : 'public';
}

/** RFC 4193 and RFC 4291. `URL` writes IPv4 addresses mapped into IPv6 in hexadecimal. */
function ipv6Reach(address: string): HostReach {
  if (address === '::1' || address === '::') return 'loopback';
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (mapped !== null) {
    const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
    return ipv4Reach([high >> 8, high & 255, low >> 8, low & 255].join('.'));
  }
  return /^(f[cd]|fe[89ab])/.test(address) ? 'private-address' : 'public';
}
