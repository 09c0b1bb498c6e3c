import type { Config } from '../config.ts';
import type { S3Clients } from '../storage/s3-clients.ts';
import type { ObjectStorage } from '../storage/storage.ts';
import type { HttpProbe } from './http-probe.ts';
import type { ProbeImages } from './probe-images.ts';
import type { ProbeObjects } from './probe-objects.ts';

/** What one check says. A trouble always comes with its cause and with what to do, in words for the owner. */
export type Finding =
  | { verdict: 'pass' | 'info'; found: string }
  | { verdict: 'warn' | 'fail'; found: string; cause: string; remedy: string };

/** `skip`: not run, because a check that it needs has failed. */
export type Verdict = Finding['verdict'] | 'skip';

export interface Check {
  /** Stable, kebab-case; `--json` and the documentation name it. */
  id: string;
  /** What is being checked, as a short statement of the good case: "The bucket is private". */
  title: string;
  /** Checks without which this one means nothing: it is skipped when one of them fails or is skipped. */
  needs: readonly string[];
  /**
   * Talks to the servers and judges. One finding, or several where there are several things to judge (such as origins);
   * never none. What it throws counts as a failure of the check, so troubles that can be foreseen are caught and explained.
   */
  run(context: DoctorContext): Promise<Finding | Finding[]>;
}

/** What all checks share. */
export interface DoctorContext {
  config: Config;
  /** Also checks what takes long or moves much: uploads of `MAX_UPLOAD_BYTES`. */
  deep: boolean;
  /** Aborted when the owner interrupts; clean-up still happens. */
  signal: AbortSignal;
  /** Whether this earlier check failed or was skipped: what needs it only in part then leaves that part out. */
  hasFailed(id: string): boolean;
  /** `once` for probes: a retry would hide what is to be seen. `signing` for what browsers get. */
  s3: S3Clients;
  /** The storage as the API uses it. */
  storage: ObjectStorage;
  /** Plain HTTP requests, as browsers and imgproxy's clients make them. */
  http: HttpProbe;
  /** Every key that a check may write is reserved here first. */
  probes: ProbeObjects;
  /** Pictures in the bucket for the checks of imgproxy, made when first asked for. */
  images: ProbeImages;
}
