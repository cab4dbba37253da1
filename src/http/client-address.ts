import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** Addresses that no client of the Internet has: this machine, and private networks, where proxies stand. */
const NEAR = new BlockList();
NEAR.addSubnet('127.0.0.0', 8, 'ipv4');
NEAR.addSubnet('10.0.0.0', 8, 'ipv4');
NEAR.addSubnet('172.16.0.0', 12, 'ipv4');
NEAR.addSubnet('192.168.0.0', 16, 'ipv4');
NEAR.addSubnet('169.254.0.0', 16, 'ipv4');
NEAR.addSubnet('100.64.0.0', 10, 'ipv4');
NEAR.addAddress('::1', 'ipv6');
NEAR.addSubnet('fc00::', 7, 'ipv6');
NEAR.addSubnet('fe80::', 10, 'ipv6');

/** Whether a connection may come from a reverse proxy: it is from this machine or a private network. */
export function isNear(address: string | undefined): boolean {
  const plain = unmapped(address ?? '');
  return isIP(plain) !== 0 && NEAR.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
}

/**
 * Whom a request is counted for. Where a proxy may have sent it, it is the last address in X-Forwarded-For, which is the one that
 * the proxy has seen itself; what stands before it the client can make up.
 */
export function clientOf(request: IncomingMessage): string {
  const peer = request.socket.remoteAddress;
  const forwarded = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .at(-1)
    ?.trim();
  return clientKey(isNear(peer) && forwarded !== undefined && isIP(forwarded) !== 0 ? forwarded : peer);
}

/** An IPv6 address counts for its /64: a client that has one address of it has them all. */
export function clientKey(address: string | undefined): string {
  const plain = unmapped(address ?? '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  // The URL parser writes an address in its shortest form; the groups that it left out are zeros.
  const [before = '', after] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const groups = before === '' ? [] : before.split(':');
  const missing = after === undefined ? 0 : 8 - groups.length - after.split(':').filter((group) => group !== '').length;
  const whole = [...groups, ...Array.from({ length: missing }, () => '0'), ...(after ?? '').split(':')];
  return `${whole.slice(0, 4).join(':')}::/64`;
}

/** `::ffff:10.0.0.1`, as a socket that takes both families has it, is `10.0.0.1`. */
function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
