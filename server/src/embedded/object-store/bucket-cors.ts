import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { accessDenied, invalidArgument, malformedXml, S3Error } from './s3-error.ts';
import { buildXml, childrenOf, parseXml, textOf, type XmlChild } from './s3-xml.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html */
export const CorsRule = z.object({
  id: z.string().optional(),
  allowedOrigins: z.array(z.string()),
  allowedMethods: z.array(z.string()),
  allowedHeaders: z.array(z.string()),
  exposeHeaders: z.array(z.string()),
  maxAgeSeconds: z.int().optional(),
});
export type CorsRule = z.infer<typeof CorsRule>;

const maxRules = 100;
const maxIdLength = 255;
const methods = new Set(['GET', 'PUT', 'POST', 'DELETE', 'HEAD']);

/** @throws S3Error MalformedXML */
export function parseCorsConfiguration(body: string): CorsRule[] {
  const rules = childrenOf(parseXml(body, 'CORSConfiguration'), 'CORSRule').map((rule) => {
    const texts = (name: string): string[] => childrenOf(rule, name).map(({ text }) => text.trim());
    const id = textOf(rule, 'ID');
    const maxAge = textOf(rule, 'MaxAgeSeconds');
    if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge)) throw malformedXml('MaxAgeSeconds must be a whole number.');
    return {
      ...(id === undefined ? {} : { id }),
      allowedOrigins: texts('AllowedOrigin'),
      allowedMethods: texts('AllowedMethod'),
      allowedHeaders: texts('AllowedHeader'),
      exposeHeaders: texts('ExposeHeader'),
      ...(maxAge === undefined ? {} : { maxAgeSeconds: Number(maxAge) }),
    };
  });
  if (rules.length === 0) throw malformedXml('A CORSConfiguration needs a CORSRule.');
  if (rules.length > maxRules) {
    throw new S3Error(400, 'InvalidRequest', `A CORSConfiguration may have ${maxRules} rules, no more.`);
  }
  for (const rule of rules) {
    if (rule.id !== undefined && rule.id.length > maxIdLength) {
      throw malformedXml(`The ID of a CORSRule may have ${maxIdLength} characters, no more.`);
    }
    if (rule.allowedOrigins.length === 0) throw malformedXml('A CORSRule needs an AllowedOrigin.');
    if (rule.allowedMethods.some((method) => !methods.has(method))) {
      throw malformedXml(`AllowedMethod must be one of ${[...methods].join(', ')}.`);
    }
    if (rule.exposeHeaders.some((name) => !/^[\w!#$%&'*+.^`|~-]+$/.test(name))) {
      throw malformedXml('An ExposeHeader must be the name of a header.');
    }
    if ([...rule.allowedOrigins, ...rule.allowedHeaders].some((pattern) => pattern.split('*').length > 2)) {
      throw malformedXml('An AllowedOrigin or AllowedHeader may hold one * only.');
    }
  }
  return rules;
}

export function buildCorsConfiguration(rules: readonly CorsRule[]): string {
  return buildXml(
    'CORSConfiguration',
    rules.map((rule): XmlChild => {
      const list = (name: string, values: readonly string[]): XmlChild[] => values.map((value) => [name, value]);
      return [
        'CORSRule',
        [
          ['ID', rule.id],
          ...list('AllowedOrigin', rule.allowedOrigins),
          ...list('AllowedMethod', rule.allowedMethods),
          ...list('AllowedHeader', rule.allowedHeaders),
          ...list('ExposeHeader', rule.exposeHeaders),
          ['MaxAgeSeconds', rule.maxAgeSeconds],
        ],
      ];
    }),
  );
}

/** Headers for the answer to an actual request, errors included; none when no rule allows its origin and method. */
export function corsHeadersFor(
  rules: readonly CorsRule[],
  headers: IncomingHttpHeaders,
  method: string,
): Record<string, string> {
  const { origin } = headers;
  const rule = origin === undefined ? undefined : findRule(rules, origin, method, []);
  return rule === undefined || origin === undefined ? {} : buildHeaders(rule, origin, method);
}

/** Headers for the answer to a preflight. @throws S3Error InvalidArgument, AccessDenied as RadosGW */
export function answerPreflight(
  rules: readonly CorsRule[] | null,
  headers: IncomingHttpHeaders,
): Record<string, string> {
  const { origin } = headers;
  const method = headers['access-control-request-method'];
  if (origin === undefined || method === undefined) {
    throw invalidArgument('A preflight has the headers Origin and Access-Control-Request-Method.');
  }
  const requested = headers['access-control-request-headers'];
  const names = (requested ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const rule = findRule(rules ?? [], origin, method, names);
  if (rule === undefined) throw accessDenied('No CORS rule of the bucket allows this origin, method and headers.');
  return {
    ...buildHeaders(rule, origin, method),
    ...(names.length === 0 ? {} : { 'Access-Control-Allow-Headers': names.join(',') }),
  };
}

function findRule(
  rules: readonly CorsRule[],
  origin: string,
  method: string,
  headerNames: readonly string[],
): CorsRule | undefined {
  return rules.find(
    (rule) =>
      rule.allowedOrigins.some((pattern) => matches(pattern, origin)) &&
      rule.allowedMethods.includes(method) &&
      headerNames.every((name) =>
        rule.allowedHeaders.some((pattern) => matches(pattern.toLowerCase(), name.toLowerCase())),
      ),
  );
}

function matches(pattern: string, text: string): boolean {
  const [before = '', after] = pattern.split('*');
  if (after === undefined) return pattern === text;
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
}

function buildHeaders(rule: CorsRule, origin: string, method: string): Record<string, string> {
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Methods': method,
    Vary: 'Origin',
    ...(rule.exposeHeaders.length === 0 ? {} : { 'Access-Control-Expose-Headers': rule.exposeHeaders.join(',') }),
    ...(rule.maxAgeSeconds === undefined ? {} : { 'Access-Control-Max-Age': String(rule.maxAgeSeconds) }),
  };
}
