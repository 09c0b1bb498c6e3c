/** What each profile is, in a line. Several can be given at once; of two that contradict each other the later one counts. */
export const storeProfiles = {
  reef: 'answers as Ceph RadosGW Reef also where this store is stricter or friendlier: unsigned headers are honoured, errors say nothing',
  'copy-501': 'CopyObject answers 501 NotImplemented, as was seen at Hetzner',
  'policy-ignored': 'POST forms are stored whatever their policy says, and whoever signed it',
  'conditional-put-ignored': 'If-None-Match and If-Match of a PUT mean nothing',
  'conditional-put-racy': 'the conditions of a PUT are checked, and only then it is written: two at once both succeed',
  'public-read': 'anybody may read and list, without a signature',
  'no-post': 'POST forms answer 501 NotImplemented',
  'cors-unsupported': 'the CORS calls answer 501 NotImplemented, and no answer has CORS headers',
  'lifecycle-unsupported': 'the lifecycle calls answer 501 NotImplemented',
  'versioning-on': 'GetBucketVersioning answers Enabled (versions are not kept)',
} as const;

export type StoreProfile = keyof typeof storeProfiles;

/** What the places of the store ask that behave differently under a profile. */
export interface StoreBehaviour {
  /** Headers that the signature does not cover are acted upon: `x-amz-*`, and `Content-Type` of presigned requests. */
  honoursUnsignedHeaders: boolean;
  /** An answer to a form says where the object is and what its ETag is. */
  describesFormUploads: boolean;
  /** Error documents say in words what was wrong. */
  explainsErrors: boolean;
  /** Answers to requests whose signature does not hold carry CORS headers too: pages can read why. */
  opensSignatureErrors: boolean;
  /** AWS's limits on forms, their keys and part numbers hold, all Content-MD5, and the tagging directive of copies. */
  checksAsAws: boolean;
  enforcesPolicies: boolean;
  conditionalPut: 'atomic' | 'racy' | 'ignored';
  copiesObjects: boolean;
  takesForms: boolean;
  readableByAnybody: boolean;
  versioningStatus: 'Enabled' | undefined;
  /** Sub-resources of buckets that answer 501. */
  unsupported: readonly string[];
}

const defaultBehaviour: StoreBehaviour = {
  honoursUnsignedHeaders: false,
  describesFormUploads: true,
  explainsErrors: true,
  opensSignatureErrors: true,
  checksAsAws: true,
  enforcesPolicies: true,
  conditionalPut: 'atomic',
  copiesObjects: true,
  takesForms: true,
  readableByAnybody: false,
  versioningStatus: undefined,
  unsupported: [],
};

const changes: Readonly<Record<StoreProfile, Partial<StoreBehaviour>>> = {
  reef: {
    honoursUnsignedHeaders: true,
    describesFormUploads: false,
    explainsErrors: false,
    opensSignatureErrors: false,
    checksAsAws: false,
  },
  'copy-501': { copiesObjects: false },
  'policy-ignored': { enforcesPolicies: false },
  'conditional-put-ignored': { conditionalPut: 'ignored' },
  'conditional-put-racy': { conditionalPut: 'racy' },
  'public-read': { readableByAnybody: true },
  'no-post': { takesForms: false },
  'cors-unsupported': { unsupported: ['cors'] },
  'lifecycle-unsupported': { unsupported: ['lifecycle'] },
  'versioning-on': { versioningStatus: 'Enabled' },
};

/** @throws TypeError for a name that is no profile's, listing those that are */
export function buildStoreBehaviour(profiles: readonly StoreProfile[]): StoreBehaviour {
  const given = profiles.map((profile) => changes[assertStoreProfile(profile)]);
  const unsupported = given.flatMap((change) => change.unsupported ?? []);
  return Object.assign({}, defaultBehaviour, ...given, { unsupported });
}

/** @param text names with commas between them; empty for none. @throws TypeError */
export function parseStoreProfiles(text: string): StoreProfile[] {
  const names = text.split(',').map((name) => name.trim());
  return names.filter((name) => name !== '').map(assertStoreProfile);
}

function assertStoreProfile(name: string): StoreProfile {
  if (isStoreProfile(name)) return name;
  throw new TypeError(
    `"${name}" is no profile of the object store: there are ${Object.keys(storeProfiles).join(', ')}.`,
  );
}

function isStoreProfile(name: string): name is StoreProfile {
  return Object.hasOwn(storeProfiles, name);
}
