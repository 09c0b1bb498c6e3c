import { describe, expect, it } from 'vitest';
import { judgeSkew } from './clock.ts';
import { judgeNode } from './runtime.ts';

describe('judgeSkew', () => {
  it.each([
    [0, 'pass'],
    [30, 'pass'],
    [-30, 'pass'],
    [31, 'warn'],
    [-300, 'warn'],
    [301, 'fail'],
    [-86_400, 'fail'],
  ])('gives %i s the verdict %s', (seconds, verdict) => {
    expect(judgeSkew(seconds, 's3.example.com').verdict).toBe(verdict);
  });
});

describe('judgeNode', () => {
  const today = new Date('2026-11-24');

  it.each([
    ['18.20.0', 'fail'],
    ['20.18.9', 'fail'],
    ['20.19.0', 'info'],
    ['22.12.0', 'pass'],
    ['23.4.0', 'info'],
    ['24.0.0', 'pass'],
    ['26.1.0', 'pass'],
  ])('gives Node.js %s the verdict %s', (version, verdict) => {
    expect(judgeNode(version, today).verdict).toBe(verdict);
  });
});
