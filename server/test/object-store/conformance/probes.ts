import { authenticationProbes } from './authentication-probes.ts';
import { bucketProbes } from './bucket-probes.ts';
import { copyProbes } from './copy-probes.ts';
import { corsProbes } from './cors-probes.ts';
import { formProbes } from './form-probes.ts';
import { listProbes } from './list-probes.ts';
import { multipartProbes } from './multipart-probes.ts';
import type { Probe } from './probe.ts';
import { readProbes } from './read-probes.ts';
import { writeProbes } from './write-probes.ts';

export const probes: readonly Probe[] = [
  ...bucketProbes,
  ...corsProbes,
  ...formProbes,
  ...authenticationProbes,
  ...readProbes,
  ...writeProbes,
  ...copyProbes,
  ...multipartProbes,
  ...listProbes,
];
