import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { createTickets, type Ticket } from './ticket.ts';

const now = new Date('2026-06-01T12:00:00Z');
const secret = 'a'.repeat(43);
const tickets = createTickets([secret], 'pictures', () => now);
const ticket: Ticket = {
  uploadId: '3f0c6c5e-8d0b-4f3e-9a51-0a5f2d6a7b11',
  bytes: 12_345,
  expires: now.getTime() / 1000 + 60,
  name: 'Ünser Hund.jpg',
  key: 'cms',
};

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('createTickets', () => {
  it('verifies what it issued', () => {
    expect(tickets.verify(tickets.issue(ticket))).toEqual(ticket);
  });

  it('issues what an independent implementation of the format computes', () => {
    const payload = Buffer.from(JSON.stringify(ticket)).toString('base64url');
    const mac = createHmac('sha256', secret).update(`kuanary ticket v1\npictures\n${payload}`).digest('base64url');
    expect(tickets.issue(ticket)).toBe(`${payload}.${mac}`);
  });

  it('refuses a ticket with any one character changed', () => {
    const text = tickets.issue(ticket);
    for (let at = 0; at < text.length; at += 1) {
      for (const replacement of ['A', 'b', '9', '-', '.', '=']) {
        const changed = text.slice(0, at) + replacement + text.slice(at + 1);
        if (changed !== text)
          expect(
            codeOf(() => tickets.verify(changed)),
            `character ${at}`,
          ).toBe('invalid_ticket');
      }
    }
  });

  it('refuses every shortened ticket, and one with something behind it', () => {
    const text = tickets.issue(ticket);
    for (let end = 0; end < text.length; end += 1) {
      expect(codeOf(() => tickets.verify(text.slice(0, end)))).toBe('invalid_ticket');
    }
    for (const tail of ['=', '==', ' ', '\n', '.', `.${text}`]) {
      expect(codeOf(() => tickets.verify(text + tail))).toBe('invalid_ticket');
    }
  });

  it('refuses the ticket of another deployment: other secret, other bucket', () => {
    const text = tickets.issue(ticket);
    expect(codeOf(() => createTickets(['b'.repeat(43)], 'pictures', () => now).verify(text))).toBe('invalid_ticket');
    expect(codeOf(() => createTickets([secret], 'other', () => now).verify(text))).toBe('invalid_ticket');
  });

  it('refuses an expired ticket, to the second', () => {
    const text = tickets.issue(ticket);
    const at = (ms: number): string =>
      codeOf(() => createTickets([secret], 'pictures', () => new Date(ms)).verify(text));
    expect(at(ticket.expires * 1000 - 1)).toBe('accepted');
    expect(at(ticket.expires * 1000)).toBe('ticket_expired');
  });

  it('verifies with every secret of a rotation and signs with the first', () => {
    const old = tickets.issue(ticket);
    const rotated = createTickets(['b'.repeat(43), secret], 'pictures', () => now);
    expect(rotated.verify(old)).toEqual(ticket);
    expect(createTickets(['b'.repeat(43)], 'pictures', () => now).verify(rotated.issue(ticket))).toEqual(ticket);
  });

  it('refuses correctly signed content that is no ticket', () => {
    for (const content of ['{}', 'null', '[]', '"x"', '{"uploadId":1}', JSON.stringify({ ...ticket, admin: true })]) {
      const payload = Buffer.from(content).toString('base64url');
      const mac = createHmac('sha256', secret).update(`kuanary ticket v1\npictures\n${payload}`).digest('base64url');
      expect(
        codeOf(() => tickets.verify(`${payload}.${mac}`)),
        content,
      ).toBe('invalid_ticket');
    }
  });

  it('answers any text with a verdict', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => codeOf(() => tickets.verify(text)) === 'invalid_ticket'),
    );
  });
});
