import { describe, expect, it } from 'vitest';
import { ConfigError } from '../config.ts';
import { UsageError } from './exit-codes.ts';
import { chooseUploadTarget } from './upload-target.ts';

const ownKey = 'mine:own';
const deploymentKey = 'cms:deployment';

function choose(given: Partial<Parameters<typeof chooseUploadTarget>[0]> = {}) {
  return chooseUploadTarget({
    option: undefined,
    publicUrl: undefined,
    port: 5001,
    ownKey: undefined,
    deploymentKey,
    ...given,
  });
}

describe('chooseUploadTarget', () => {
  it('takes PUBLIC_URL, otherwise the API on this machine, with the key of the deployment', () => {
    expect(choose()).toEqual({ baseUrl: 'http://127.0.0.1:5001', apiKey: deploymentKey });
    expect(choose({ publicUrl: 'https://images.example.com/' })).toEqual({
      baseUrl: 'https://images.example.com',
      apiKey: deploymentKey,
    });
  });

  it.each([
    'http://127.0.0.1:8080',
    'http://127.1.2.3',
    'http://[::1]:8080',
    'http://localhost:8080',
    'http://api.localhost',
    'https://images.example.com/kuanary',
  ])('shows the key of the deployment to %s: this machine, or the host of PUBLIC_URL', (option) => {
    expect(choose({ option, publicUrl: 'https://images.example.com' })).toEqual({
      baseUrl: option,
      apiKey: deploymentKey,
    });
  });

  it.each([
    'https://images.example.net',
    'https://images.example.com:8443',
    'https://images.example.com.evil.example',
    'https://localhost.evil.example',
    'https://127.0.0.1.evil.example',
    'https://192.168.1.2',
  ])('does not show it to %s', (option) => {
    const publicUrl = 'https://images.example.com';
    expect(() => choose({ option, publicUrl })).toThrow(UsageError);
    expect(() => choose({ option, publicUrl })).toThrow('Set KUANARY_API_KEY');
    expect(choose({ option, publicUrl, ownKey }).apiKey).toBe(ownKey);
    expect(choose({ option, publicUrl, deploymentKey: undefined }).apiKey).toBeUndefined();
  });

  it('sends no key over plain http to another machine, in a private network neither', () => {
    for (const option of ['http://images.example.com', 'http://192.168.1.2:5001', 'http://api:5001']) {
      expect(() => choose({ option, ownKey }), option).toThrow(UsageError);
      expect(() => choose({ option, ownKey }), option).toThrow('--url is plain http');
      expect(choose({ option, deploymentKey: undefined }), option).toEqual({ baseUrl: option, apiKey: undefined });
    }
    expect(() => choose({ publicUrl: 'http://images.example.com' })).toThrow(ConfigError);
    expect(() => choose({ publicUrl: 'http://images.example.com' })).toThrow('PUBLIC_URL is plain http');
  });

  it.each(['images.example.com', 'ftp://images.example.com', 'https://', 'name:hunter2@images.example.com'])(
    'refuses --url %s, which is no address',
    (option) => {
      expect(() => choose({ option })).toThrow(UsageError);
      expect(() => choose({ option })).not.toThrow(/hunter2/);
    },
  );

  it('refuses an address with a password, and does not repeat it', () => {
    const option = 'https://name:hunter2@images.example.com';
    expect(() => choose({ option, ownKey })).toThrow('--url must hold no user name and no password');
    expect(() => choose({ option, ownKey })).not.toThrow(/hunter2/);
  });
});
