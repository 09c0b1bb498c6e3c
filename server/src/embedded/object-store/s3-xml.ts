import { XMLParser } from 'fast-xml-parser';
import { malformedXml } from './s3-error.ts';

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** A tree to be written: text, or named children in order. `undefined` children are left out. */
export type XmlContent = string | number | boolean | readonly XmlChild[];
export type XmlChild = readonly [name: string, content: XmlContent | undefined];

/** A whole document with S3's namespace on its root. */
export function buildXml(name: string, content: XmlContent): string {
  return `<?xml version="1.0" encoding="UTF-8"?><${name} xmlns="${namespace}">${buildContent(content)}</${name}>`;
}

/** A document without a namespace: errors and the answer to a POST form have none. */
export function buildPlainXml(name: string, content: XmlContent): string {
  return `<?xml version="1.0" encoding="UTF-8"?><${name}>${buildContent(content)}</${name}>`;
}

function buildContent(content: XmlContent): string {
  if (!isChildren(content)) return escapeXml(String(content));
  return content
    .map(([name, child]) => (child === undefined ? '' : `<${name}>${buildContent(child)}</${name}>`))
    .join('');
}

function isChildren(content: XmlContent): content is readonly XmlChild[] {
  return Array.isArray(content);
}

/** What XML 1.0 cannot hold in any spelling (https://www.w3.org/TR/xml/#charsets): control characters and two others. */
const notInXml = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

function escapeXml(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(notInXml, '\ufffd')
    .replace(/\r/g, '&#13;');
}

/** A parsed element: its text, and its child elements by name, each a list. */
export interface XmlElement {
  text: string;
  children: Map<string, XmlElement[]>;
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: true,
});

/** The root element of a request body. @throws S3Error MalformedXML when it is not `<rootName>…` */
export function parseXml(body: string, rootName: string): XmlElement {
  let nodes: unknown;
  try {
    nodes = parser.parse(body, true);
  } catch {
    throw malformedXml('The body is not well-formed XML.');
  }
  const root = toElement(nodes).children.get(rootName)?.[0];
  if (root === undefined) throw malformedXml(`The body must be a <${rootName}> document.`);
  return root;
}

function toElement(nodes: unknown): XmlElement {
  const element: XmlElement = { text: '', children: new Map() };
  if (!Array.isArray(nodes)) return element;
  for (const node of nodes as unknown[]) {
    if (typeof node !== 'object' || node === null) continue;
    for (const [name, content] of Object.entries(node)) {
      if (name === '#text') element.text += String(content);
      else element.children.set(name, [...(element.children.get(name) ?? []), toElement(content)]);
    }
  }
  return element;
}

export function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.get(name) ?? [];
}

/** Trimmed text of the first child of that name. */
export function textOf(element: XmlElement, name: string): string | undefined {
  return childrenOf(element, name)[0]?.text.trim();
}
