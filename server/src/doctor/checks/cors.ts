import { readCorsRules } from '../../bucket-setup/read-bucket-rules.ts';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { findCorsObstacle, findPreflightObstacle, opensAllWithCredentials } from '../cors-answer.ts';
import { type CorsFailure, explainCorsFailure, type KnownCorsRules } from '../cors-trouble.ts';
import { describeFailure } from '../describe-answer.ts';
import type { Trouble } from '../foreign-answer.ts';
import { type HttpAnswer, HttpProbeError } from '../http-probe.ts';
import { inventedOrigin, listPageOrigins, type PageOrigin } from '../page-origins.ts';
import { buildForm, sendForm, signProbeForm } from '../post-form.ts';

const contentType = 'image/png';
const probeBytes = 64;

export const corsCheck: Check = {
  id: 'cors',
  title: 'Pages of the configured origins may post files and read the answer',
  needs: ['upload-form'],
  async run(context) {
    const pages = listPageOrigins(context.config);
    if (pages.length === 0) {
      return {
        verdict: 'info',
        found: 'ALLOWED_ORIGINS and ANONYMOUS_ORIGINS are empty: no page uploads, so no CORS is needed.',
      };
    }
    const address = (await signForm(context)).url;
    const seen = await Promise.all(pages.map((page) => visit(context, address, page)));
    const troubles = seen.flatMap(({ page, failure }) => (failure === undefined ? [] : [{ page, failure }]));
    if (troubles.length > 0) return explainAll(context, troubles);
    const remarks = await findRemarks(context, address, seen).catch(remarkSilence);
    const names = pages.map(({ setting }) => setting).join(', ');
    return [{ verdict: 'pass', found: `Preflight and upload work for pages of ${names}.` }, ...remarks];
  },
};

interface Visit {
  page: PageOrigin;
  /** What a browser makes of it, or no answer at all. */
  failure?: CorsFailure | HttpProbeError;
  preflight?: HttpAnswer;
}

function signForm(context: DoctorContext) {
  const key = context.probes.reserveKey();
  return signProbeForm(context, { key, contentType, bytes: probeBytes });
}

/** What a browser does for a page that posts a form and watches its progress. */
async function visit(context: DoctorContext, address: string, page: PageOrigin): Promise<Visit> {
  const { origin } = page;
  const meant = listPageOrigins(context.config).map(({ setting }) => setting);
  try {
    const preflight = await sendPreflight(context, address, origin, []);
    const refused = findPreflightObstacle(preflight, origin, []);
    if (refused !== undefined) {
      return {
        page,
        failure: { obstacle: refused, subject: 'The answer to a preflight', answer: preflight, origin, meant },
      };
    }
    const form = buildForm(await signForm(context), new Blob([new Uint8Array(probeBytes)]));
    const answer = await sendForm(context.http, form, { origin });
    const unreadable = findCorsObstacle(answer, origin);
    if (unreadable === undefined) return { page, preflight };
    return { page, failure: { obstacle: unreadable, subject: 'The answer to a posted form', answer, origin, meant } };
  } catch (error) {
    if (error instanceof HttpProbeError) return { page, failure: error };
    throw error;
  }
}

function sendPreflight({ http }: DoctorContext, address: string, origin: string, headerNames: readonly string[]) {
  return http.send(address, {
    method: 'OPTIONS',
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': 'POST',
      ...(headerNames.length === 0 ? {} : { 'Access-Control-Request-Headers': headerNames.join(',') }),
    },
  });
}

async function explainAll(
  context: DoctorContext,
  troubles: readonly Required<Pick<Visit, 'page' | 'failure'>>[],
): Promise<Finding[]> {
  const rules = await readRules(context);
  const pagesByTrouble = new Map<string, { trouble: Trouble; settings: string[] }>();
  for (const { page, failure } of troubles) {
    const trouble = failure instanceof HttpProbeError ? explainSilence(failure) : explainCorsFailure(failure, rules);
    const name = JSON.stringify(trouble);
    const group = pagesByTrouble.get(name) ?? { trouble, settings: [] };
    group.settings.push(page.setting);
    pagesByTrouble.set(name, group);
  }
  return [...pagesByTrouble.values()].map(({ trouble, settings }) => ({
    verdict: 'fail',
    ...trouble,
    found: `Pages of ${settings.join(', ')} cannot upload. ${trouble.found}.`,
  }));
}

async function readRules({ s3, config, signal }: DoctorContext): Promise<KnownCorsRules> {
  try {
    return await readCorsRules(s3.retrying, config.storage.bucket, { signal });
  } catch (error) {
    return { state: 'unreadable', why: describeFailure(error) };
  }
}

function explainSilence(error: HttpProbeError): Trouble {
  return {
    found: `A preflight (OPTIONS) or the form after it gets no answer: ${error.message}`,
    cause:
      'A proxy or firewall in front of the storage does not let OPTIONS through, or waits for a body that a preflight does not have.',
    remedy: 'Let OPTIONS through to the storage, for this host name and without a login.',
  };
}

/** What hurts somebody else than the pages that were tried. */
async function findRemarks(context: DoctorContext, address: string, seen: readonly Visit[]): Promise<Finding[]> {
  const first = seen[0];
  if (first === undefined) return [];
  const { origin } = first.page;
  const withHeader = await sendPreflight(context, address, origin, ['content-type']);
  const obstacle = findPreflightObstacle(withHeader, origin, ['content-type']);
  const remarks: Finding[] = [];
  if (obstacle !== undefined) {
    const subject = 'The answer to a preflight with a Content-Type header';
    const trouble = explainCorsFailure(
      { obstacle, subject, answer: withHeader, origin, meant: [] },
      { state: 'unreadable', why: 'not asked' },
    );
    remarks.push({
      verdict: 'warn',
      found: `${trouble.found}.`,
      cause: 'Forms of Kuanary need no such header, but upload libraries that set headers of their own would fail.',
      remedy: trouble.remedy,
    });
  }
  if (seen.some(({ preflight }) => preflight !== undefined && opensAllWithCredentials(preflight))) {
    remarks.push(explainCredentials());
  }
  return [...remarks, ...(await findOpenDoor(context, address, seen))];
}

function remarkSilence(error: unknown): Finding[] {
  if (!(error instanceof HttpProbeError)) throw error;
  return [{ verdict: 'info', found: `A further preflight got no answer: ${error.message}.` }];
}

function explainCredentials(): Finding {
  return {
    verdict: 'warn',
    found: 'Preflights are answered with Access-Control-Allow-Origin: * and Access-Control-Allow-Credentials: true.',
    cause:
      'A proxy or the storage adds both. Browsers refuse the pair for requests with cookies, so pages that send some cannot upload.',
    remedy: 'Take Access-Control-Allow-Credentials off: Kuanary never needs it.',
  };
}

async function findOpenDoor(context: DoctorContext, address: string, seen: readonly Visit[]): Promise<Finding[]> {
  if (seen.some(({ page }) => page.origin === inventedOrigin)) return [];
  const preflight = await sendPreflight(context, address, inventedOrigin, []);
  if (findPreflightObstacle(preflight, inventedOrigin, []) !== undefined) return [];
  return [
    {
      verdict: 'info',
      found:
        'The storage lets pages of any origin post, more than ALLOWED_ORIGINS says. They still need a form that Kuanary has signed.',
    },
  ];
}
