import type { LifecycleRule } from '@aws-sdk/client-s3';
import { imageFilenamePattern } from '@kuanary/shared/contract';
import { attemptsPrefix, commitsPrefix, incomingPrefix } from '../uploads/object-keys.ts';
import { isSameLifecycleRule, type LifecycleScope, scopeOf } from './compare-lifecycle.ts';
import { commitsExpiryDays, incomingExpiryDays, wantedLifecycleRules } from './wanted-lifecycle.ts';

/** What a rule of somebody else, enabled as it is, does to objects that Kuanary needs. */
export interface LifecycleRisk {
  /** The rule's ID; empty where it has none. */
  ruleId: string;
  /** What would be destroyed or made unreadable. */
  destroys: 'images' | 'attempts' | 'commits' | 'incoming';
  action: 'expire' | 'transition';
  prefix: string;
  /** Age at which it acts; absent when it acts on a date. */
  days?: number;
  /**
   * - `certain`: it reaches objects that Kuanary writes
   * - `possible`: only objects of certain names, tags or sizes, which this bucket may not have
   */
  likelihood: 'certain' | 'possible';
  sentence: string;
}

/** What a risk is about, the key that stands for it, and the age from which losing it is harmless. */
const needed = [
  {
    destroys: 'attempts',
    prefix: attemptsPrefix,
    harmlessFromDays: Number.POSITIVE_INFINITY,
    consequence: 'the sweeper then cannot find and remove what uploads without a result have left',
  },
  {
    destroys: 'commits',
    prefix: commitsPrefix,
    harmlessFromDays: commitsExpiryDays,
    consequence: `an image whose record is gone can be deleted by the sweeper; records must live ${commitsExpiryDays} days`,
  },
  {
    destroys: 'incoming',
    prefix: incomingPrefix,
    harmlessFromDays: incomingExpiryDays,
    consequence: `uploads that are still being completed are lost; they must live ${incomingExpiryDays} days`,
  },
] as const;

/** Data-losing rules among the given ones. Our own rules, as they should be, are no risk; changed ones are judged too. */
export function findLifecycleRisks(rules: readonly LifecycleRule[]): LifecycleRisk[] {
  const wanted = wantedLifecycleRules();
  const isOurs = (rule: LifecycleRule) => wanted.some((own) => own.ID === rule.ID && isSameLifecycleRule(own, rule));
  return rules.filter((rule) => rule.Status !== 'Disabled' && !isOurs(rule)).flatMap(findRisksOfRule);
}

/** What becomes of the objects: they are gone; S3 gives them out only after a restore; or nobody knows. */
type Fate = 'deleted' | 'archived' | 'in_unknown_class';

interface Deed {
  fate: Fate;
  days: number | undefined;
  words: string;
}

/** Objects of these classes are read as any other. https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html */
const classesReadAtOnce: readonly (string | undefined)[] = [
  ...['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR', 'REDUCED_REDUNDANCY'],
  'EXPRESS_ONEZONE',
];
const archiveClasses: readonly (string | undefined)[] = ['GLACIER', 'DEEP_ARCHIVE'];

/** Said of moved objects in place of what a deletion would mean. */
const unreadable = {
  archived: 'nothing, imgproxy included, can read objects in this archive class until somebody restores them',
  in_unknown_class:
    'Kuanary does not know this class; if it is an archive, nothing, imgproxy included, can read its objects',
} as const;

function findRisksOfRule(rule: LifecycleRule): LifecycleRisk[] {
  const scope = scopeOf(rule);
  return deedsOf(rule).flatMap((deed) => [
    ...needed
      .filter(({ prefix, harmlessFromDays }) => meets(scope.prefix, prefix) && (deed.days ?? 0) < harmlessFromDays)
      .map(({ destroys, consequence }) => {
        // A prefix within the folder names some of the records only.
        const likelihood = isNarrowed(scope) || deed.fate === 'in_unknown_class' ? 'possible' : 'certain';
        const effect =
          deed.fate === 'deleted'
            ? consequence
            : `${unreadable[deed.fate]}; the API and its sweeper have to read these`;
        return describeRisk(rule, scope, deed, { destroys, likelihood, consequence: effect });
      }),
    ...imageRisks(rule, scope, deed),
  ]);
}

/** Expiry of delete markers, of old versions and of unfinished multipart uploads takes nothing that Kuanary reads. */
function deedsOf({ Expiration: expiration, Transitions: transitions = [] }: LifecycleRule): Deed[] {
  const deeds: Deed[] = [];
  if (expiration?.Days !== undefined || expiration?.Date !== undefined) {
    deeds.push({
      fate: 'deleted',
      days: expiration.Days,
      words: `deletes objects ${when(expiration.Days, expiration.Date)}`,
    });
  }
  for (const { Days: days, Date: date, StorageClass: storageClass } of transitions) {
    if (classesReadAtOnce.includes(storageClass)) continue;
    // S3 reads a transition without days as "at once".
    const fromDays = date === undefined ? (days ?? 0) : undefined;
    const words = `moves objects to storage class ${storageClass ?? '(not said)'} ${when(fromDays, date)}`;
    const fate = archiveClasses.includes(storageClass) ? 'archived' : 'in_unknown_class';
    deeds.push({ fate, days: fromDays, words });
  }
  return deeds;
}

function imageRisks(rule: LifecycleRule, scope: LifecycleScope, deed: Deed): LifecycleRisk[] {
  const reach = likelihoodForImages(scope);
  if (reach === null) return [];
  const likelihood = deed.fate === 'in_unknown_class' ? 'possible' : reach;
  const whose =
    scope.prefix === '' ? 'every image in the bucket' : `images whose names begin with "${scope.prefix}", if any`;
  const consequence =
    deed.fate === 'deleted'
      ? `this takes ${scope.prefix === 'image-' ? 'every image that Kuanary has stored' : whose}`
      : `${unreadable[deed.fate]}; this concerns ${whose}`;
  return [describeRisk(rule, scope, deed, { destroys: 'images', likelihood, consequence })];
}

/** Images are at the root: ours begin with `image-`, those of older versions with anything. `null`: none can match. */
function likelihoodForImages(scope: LifecycleScope): LifecycleRisk['likelihood'] | null {
  const { prefix } = scope;
  if (isNarrowed(scope)) return prefix === '' || couldBeginImageName(prefix) ? 'possible' : null;
  if (meets(prefix, 'image-')) return 'certain';
  return couldBeginImageName(prefix) ? 'possible' : null;
}

function couldBeginImageName(prefix: string): boolean {
  return imageFilenamePattern.test(prefix) || imageFilenamePattern.test(`${prefix}x.jpg`);
}

/** Only some objects under the prefix: Kuanary sets no tags, so a rule with a tag needs somebody else to set them. */
function isNarrowed({ tags, largerThan, smallerThan }: LifecycleScope): boolean {
  return tags.length > 0 || largerThan !== undefined || smallerThan !== undefined;
}

function meets(prefix: string, other: string): boolean {
  return prefix.startsWith(other) || other.startsWith(prefix);
}

function describeRisk(
  rule: LifecycleRule,
  scope: LifecycleScope,
  deed: Deed,
  found: Pick<LifecycleRisk, 'destroys' | 'likelihood'> & { consequence: string },
): LifecycleRisk {
  const ruleId = rule.ID ?? '';
  const name = ruleId === '' ? 'A lifecycle rule without an ID' : `The lifecycle rule "${ruleId}"`;
  return {
    ruleId,
    destroys: found.destroys,
    action: deed.fate === 'deleted' ? 'expire' : 'transition',
    prefix: scope.prefix,
    ...(deed.days === undefined ? {} : { days: deed.days }),
    likelihood: found.likelihood,
    sentence: `${name} ${deed.words}${describeScope(scope)}: ${found.consequence}.`,
  };
}

function describeScope({ prefix, tags, largerThan, smallerThan }: LifecycleScope): string {
  const conditions = [
    ...(tags.length === 0 ? [] : [`with the tag ${tags.join(' and ')}`]),
    ...(largerThan === undefined ? [] : [`larger than ${largerThan} bytes`]),
    ...(smallerThan === undefined ? [] : [`smaller than ${smallerThan} bytes`]),
  ];
  const where = prefix === '' ? ' in the whole bucket' : ` under "${prefix}"`;
  return conditions.length === 0 ? where : `${where} ${conditions.join(', ')}`;
}

function when(days: number | undefined, date: Date | undefined): string {
  if (days !== undefined) return days === 0 ? 'at once' : `after ${days} ${days === 1 ? 'day' : 'days'}`;
  return date === undefined ? 'at a time not said' : `from ${date.toISOString().slice(0, 10)} on`;
}
