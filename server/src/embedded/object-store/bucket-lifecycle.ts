import { invalidArgument, malformedXml } from './s3-error.ts';
import { childrenOf, parseXml, textOf, type XmlElement } from './s3-xml.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html */
const maxIdLength = 255;

/** Action → what it may be told by; one of them must be there. */
const actions: Readonly<Record<string, readonly string[]>> = {
  Expiration: ['Days', 'Date', 'ExpiredObjectDeleteMarker'],
  NoncurrentVersionExpiration: ['NoncurrentDays'],
  AbortIncompleteMultipartUpload: ['DaysAfterInitiation'],
  Transition: ['Days', 'Date'],
  NoncurrentVersionTransition: ['NoncurrentDays'],
};

/** Refuses what RadosGW refuses; nothing is executed. @throws S3Error MalformedXML, InvalidArgument */
export function assertLifecycleConfiguration(body: string): void {
  const rules = childrenOf(parseXml(body, 'LifecycleConfiguration'), 'Rule');
  if (rules.length === 0) throw malformedXml('A LifecycleConfiguration needs a Rule.');
  const ids = new Set<string>();
  for (const rule of rules) {
    const id = textOf(rule, 'ID') ?? '';
    if (id.length > maxIdLength) throw invalidArgument(`The ID of a rule may have ${maxIdLength} characters, no more.`);
    if (id !== '' && ids.has(id)) throw invalidArgument(`Two rules have the ID "${id}".`);
    ids.add(id);
    assertRule(rule);
  }
}

function assertRule(rule: XmlElement): void {
  const status = textOf(rule, 'Status');
  if (status !== 'Enabled' && status !== 'Disabled')
    throw malformedXml('The Status of a rule must be Enabled or Disabled.');
  if (!rule.children.has('Filter') && !rule.children.has('Prefix')) throw malformedXml('A rule needs a Filter.');
  const given = Object.entries(actions).flatMap(([name, tellers]) =>
    childrenOf(rule, name).map((action) => ({ name, action, tellers })),
  );
  if (given.length === 0) throw malformedXml(`A rule needs one of ${Object.keys(actions).join(', ')}.`);
  for (const { name, action, tellers } of given) {
    const told = tellers.filter((teller) => action.children.has(teller));
    if (told.length === 0) throw malformedXml(`${name} needs one of ${tellers.join(', ')}.`);
    for (const teller of told) assertTelling(teller, textOf(action, teller) ?? '');
  }
}

function assertTelling(teller: string, text: string): void {
  if (teller.includes('Days') && !/^0*[1-9]\d{0,8}$/.test(text)) {
    throw invalidArgument(`${teller} must be a whole number of days, 1 or more.`);
  }
  if (teller === 'Date' && Number.isNaN(Date.parse(text))) throw malformedXml('Date must be in ISO 8601.');
}
