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

const xmlEscapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Control characters become references, as RadosGW writes them: strict parsers want `encoding-type=url` for such keys. */
function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be found
  return text.replace(/[&<>"\u0000-\u0008\u000b-\u001f]/g, (character) => {
    return xmlEscapes[character] ?? `&#x${character.charCodeAt(0).toString(16)};`;
  });
}

/** A parsed element: its text, and its child elements by name, each name's in their order. */
export interface XmlElement {
  text: string;
  children: ReadonlyMap<string, XmlElement[]>;
}

// Entities are decoded below: a document's own definitions are refused, and no entity is decoded twice.
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  cdataPropName: '#cdata',
});

/** The root element of a request body. @throws S3Error MalformedXML when the body is no `<rootName>` document */
export function parseXml(body: string, rootName: string): XmlElement {
  if (/<!DOCTYPE/i.test(body)) throw malformedXml('The body has a DOCTYPE, which no S3 document needs.');
  let nodes: unknown;
  try {
    nodes = parser.parse(body, true);
  } catch {
    throw malformedXml('The body is not well-formed XML.');
  }
  const roots = [...toElement(nodes).children].filter(([name]) => !name.startsWith('?'));
  const [root, ...others] = roots.length === 1 && roots[0]?.[0] === rootName ? roots[0][1] : [];
  if (root === undefined || others.length > 0) throw malformedXml(`The body must be a <${rootName}> document.`);
  return root;
}

function toElement(nodes: unknown): XmlElement {
  let text = '';
  const children = new Map<string, XmlElement[]>();
  for (const node of Array.isArray(nodes) ? nodes : []) {
    for (const [name, content] of Object.entries(Object(node))) {
      if (name === '#text') text += decodeEntities(String(content));
      else if (name === '#cdata') text += cdataText(content);
      else {
        const siblings = children.get(name);
        if (siblings === undefined) children.set(name, [toElement(content)]);
        else siblings.push(toElement(content));
      }
    }
  }
  return { text, children };
}

function cdataText(content: unknown): string {
  const [first]: unknown[] = Array.isArray(content) ? content : [];
  return String(Object(first)['#text'] ?? '');
}

const namedEntities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  return text.replace(/&([^;&\s]*);?/g, (whole, name: string) => {
    const digits = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name);
    const code = digits ? Number.parseInt(digits[1] ?? digits[2] ?? '', digits[1] === undefined ? 10 : 16) : undefined;
    const character =
      code === undefined ? namedEntities[name] : code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
    if (character === undefined || !whole.endsWith(';')) throw malformedXml(`"${whole}" is not an entity of XML.`);
    return character;
  });
}

export function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.get(name) ?? [];
}

/** Trimmed text of the first child of that name. */
export function textOf(element: XmlElement, name: string): string | undefined {
  return element.children.get(name)?.[0]?.text.trim();
}
