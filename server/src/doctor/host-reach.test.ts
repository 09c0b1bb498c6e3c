import { describe, expect, it } from 'vitest';
import { hostReach } from './host-reach.ts';

describe('hostReach', () => {
  it.each([
    ['http://localhost', 'loopback'],
    ['http://s3.localhost', 'loopback'],
    ['http://127.9.9.9', 'loopback'],
    ['http://[::1]', 'loopback'],
    ['http://[::ffff:127.0.0.1]', 'loopback'],
    ['http://0.0.0.0', 'loopback'],
    ['http://minio:9000', 'internal-name'],
    ['http://s3.storage.svc.cluster.local', 'internal-name'],
    ['http://nas.lan', 'internal-name'],
    ['http://10.1.2.3', 'private-address'],
    ['http://172.16.0.1', 'private-address'],
    ['http://192.168.1.1', 'private-address'],
    ['http://169.254.169.254', 'private-address'],
    ['http://100.64.0.1', 'private-address'],
    ['http://[fd00::1]', 'private-address'],
    ['http://[fe80::1]', 'private-address'],
    ['http://[::ffff:10.0.0.1]', 'private-address'],
    ['http://172.32.0.1', 'public'],
    ['http://100.128.0.1', 'public'],
    ['http://[2001:db8::1]', 'public'],
    ['https://fsn1.your-objectstorage.com.', 'public'],
    ['https://local.example.com', 'public'],
  ])('calls the host of %s %s', (address, reach) => {
    expect(hostReach(new URL(address).hostname)).toBe(reach);
  });
});
