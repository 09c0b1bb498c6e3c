import type { LifecycleRule } from '@aws-sdk/client-s3';
import { isSameLifecycleRule, scopeOf } from '../../bucket-setup/compare-lifecycle.ts';
import { findLifecycleRisks, type LifecycleRisk } from '../../bucket-setup/find-lifecycle-risks.ts';
import { type LifecycleRead, readLifecycleRules } from '../../bucket-setup/read-bucket-rules.ts';
import { lifecycleRuleIds, wantedLifecycleRules } from '../../bucket-setup/wanted-lifecycle.ts';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { describeFailure } from '../describe-answer.ts';

export const lifecycleCheck: Check = {
  id: 'lifecycle',
  title: 'The bucket removes what uploads leave behind, and nothing else',
  needs: ['credentials'],
  async run({ s3, config, signal }) {
    let read: LifecycleRead;
    try {
      read = await readLifecycleRules(s3.retrying, config.storage.bucket, { signal });
    } catch (error) {
      if (signal.aborted) throw error;
      return explainUnreadable(describeFailure(error));
    }
    if (read.state === 'refused') {
      const { reason, detail } = read.refusal;
      return reason === 'not_implemented' ? explainUnsupported(config, detail) : explainUnreadable(detail);
    }
    const findings = [...findLifecycleRisks(read.rules).map(explainRisk), ...findMissing(read.rules)];
    return findings.length > 0
      ? findings
      : { verdict: 'pass', found: 'The lifecycle rules are there, and no other rule gets in their way.' };
  },
};

function findMissing(rules: readonly LifecycleRule[]): Finding[] {
  const enabled = rules.filter(({ Status: status }) => status !== 'Disabled');
  const missing = wantedLifecycleRules().filter((wanted) => !enabled.some((rule) => isSameLifecycleRule(wanted, rule)));
  if (missing.length === 0) return [];
  if (missing.every(({ ID: id }) => id === lifecycleRuleIds.multipart)) {
    return [
      {
        verdict: 'info',
        found: `The lifecycle rules are there but for one: ${missing.map(describeRule).join('; ')}. Kuanary makes no such uploads, so it matters to other programs only; MinIO does not take this rule.`,
      },
    ];
  }
  return [
    {
      verdict: 'warn',
      found: `${rules.length === 0 ? 'The bucket has no lifecycle rules' : 'Lifecycle rules are missing'}. Wanted: ${missing.map(describeRule).join('; ')}.`,
      cause:
        'They have not been written yet, or are disabled or changed. Without them only the sweeper of a running Kuanary removes what abandoned uploads leave.',
      remedy: 'Run `kuanary setup-bucket`: it adds them and keeps all other rules.',
    },
  ];
}

function describeRule(rule: LifecycleRule): string {
  const { prefix } = scopeOf(rule);
  const abortDays = rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
  if (abortDays !== undefined) return `end incomplete multipart uploads under ${prefix} after ${countDays(abortDays)}`;
  return `delete ${prefix} after ${countDays(rule.Expiration?.Days ?? 0)}`;
}

function countDays(days: number): string {
  return days === 1 ? '1 day' : `${days} days`;
}

function explainRisk(risk: LifecycleRisk): Finding {
  const rule = risk.ruleId === '' ? 'that rule' : `the rule "${risk.ruleId}"`;
  return {
    verdict: isDangerous(risk) ? 'fail' : 'warn',
    found: risk.sentence,
    cause: 'The rule is not of Kuanary: somebody made it for another purpose, or for the whole bucket.',
    remedy: `Remove ${rule} in the console of the storage, or narrow it to a prefix that is neither tmp/ nor the beginning of an image's name. \`kuanary setup-bucket\` leaves it alone.`,
  };
}

/** Images that people have put in pages vanish: by expiry, or because their commit record says nothing any more. */
function isDangerous({ likelihood, action, destroys }: LifecycleRisk): boolean {
  return likelihood === 'certain' && action === 'expire' && (destroys === 'images' || destroys === 'commits');
}

function explainUnsupported({ uploads }: DoctorContext['config'], detail: string): Finding {
  const off = uploads.sweepIntervalSeconds === 0;
  return {
    verdict: 'warn',
    found: `The storage has no lifecycle rules (${detail}).`,
    cause: `It does not offer them, so only the sweeper removes what abandoned uploads leave${off ? ', and SWEEP_INTERVAL_SECONDS=0 has turned that off' : ''}.`,
    remedy: off
      ? 'Set SWEEP_INTERVAL_SECONDS=900 on one instance at least.'
      : 'Keep one instance running with SWEEP_INTERVAL_SECONDS above 0. Records under tmp/commits/ stay for ever; they are small.',
  };
}

function explainUnreadable(detail: string): Finding {
  return {
    verdict: 'warn',
    found: `The lifecycle rules of the bucket cannot be read (${detail}).`,
    cause:
      'The key may not read them, or the storage failed. Whether a rule deletes images or the records of uploads is not known.',
    remedy:
      "Allow s3:GetLifecycleConfiguration to the key of S3_ACCESS_KEY, or run the doctor once with the owner's key. `kuanary setup-bucket` needs it too.",
  };
}
