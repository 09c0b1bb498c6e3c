import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDemoPages } from './demo-pages.ts';

let server: Server;
let address: string;

beforeAll(async () => {
  const app = express();
  app.disable('etag');
  app.use(createDemoPages({ storageOrigin: 'http://127.0.0.1:5002', imgproxyOrigin: 'http://127.0.0.1:5003' }));
  app.use((_request, response) => {
    response.status(404).json({ success: false });
  });
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('demo pages', () => {
  it('serves the page at / and lets browsers ask again each time', async () => {
    const response = await fetch(`${address}/`);
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('Cache-Control')).toBe('no-cache');
    expect(response.headers.get('ETag')).toMatch(/^(W\/)?"/);
    expect(await response.text()).toContain('<title>Kuanary');
  });

  it('allows the page its own scripts, the store and pictures of imgproxy, and nothing else', async () => {
    const response = await fetch(`${address}/`);
    const policy = new Map(
      (response.headers.get('Content-Security-Policy') ?? '').split('; ').map((directive) => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources.join(' ')];
      }),
    );
    expect(Object.fromEntries(policy)).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'connect-src': "'self' http://127.0.0.1:5002",
      'img-src': "'self' http://127.0.0.1:5003",
      'form-action': "'self'",
      'base-uri': "'none'",
      'frame-ancestors': "'none'",
      'require-trusted-types-for': "'script'",
      'trusted-types': "'none'",
    });
  });

  it('has every file that the page names, of the right type', async () => {
    const page = await (await fetch(`${address}/`)).text();
    const names = [...page.matchAll(/(?:src|href)="([\w-]+\.(?:js|css|svg))"/g)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(2);
    const types: Record<string, RegExp> = { js: /^text\/javascript/, css: /^text\/css/, svg: /^image\/svg\+xml/ };
    for (const name of new Set(names)) {
      const response = await fetch(`${address}/${name}`);
      expect(response.status, name).toBe(200);
      expect(response.headers.get('Content-Type'), name).toMatch(types[name.split('.').pop() ?? ''] ?? /^$/);
    }
  });

  it('has no script or style inside the page, which the policy would refuse', async () => {
    const page = await (await fetch(`${address}/`)).text();
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/i);
  });

  it.each([
    ['POST', '/'],
    ['PUT', '/demo.js'],
    ['OPTIONS', '/'],
    ['GET', '/nothing-here'],
    ['GET', '/../package.json'],
    ['GET', '/%2e%2e/package.json'],
    ['GET', '/..%2fpackage.json'],
    ['GET', '/%00'],
  ])('passes %s %s on to the handler after it', async (method, path) => {
    const response = await fetch(`${address}${path}`, { method });
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ success: false });
  });
});
