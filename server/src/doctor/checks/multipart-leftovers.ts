import { ListMultipartUploadsCommand, type MultipartUpload } from '@aws-sdk/client-s3';
import { toRuleRefusal } from '../../bucket-setup/rule-refusal.ts';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { describeFailure, quotable } from '../describe-answer.ts';

const oldFromMs = 24 * 60 * 60 * 1_000;
/** Of 1000 uploads each; a bucket with more is told "at least". */
const maxPages = 5;

/** Kuanary makes no multipart uploads: what is found comes from other programs, and is paid for. */
export const multipartLeftoversCheck: Check = {
  id: 'multipart-leftovers',
  title: 'No abandoned multipart uploads fill the bucket',
  needs: ['credentials'],
  async run(context) {
    try {
      const { uploads, complete } = await listUploads(context);
      const nowMs = Date.now() + context.s3.once.config.systemClockOffset;
      const old = uploads.filter(({ Initiated: begun }) => begun !== undefined && nowMs - begun.getTime() > oldFromMs);
      if (old.length > 0) return explainLeftovers(old, complete);
      return { verdict: 'pass', found: 'There is no incomplete multipart upload that is older than a day.' };
    } catch (error) {
      if (context.signal.aborted) throw error;
      const why =
        toRuleRefusal(error)?.reason === 'not_implemented' ? 'the storage has no such listing' : describeFailure(error);
      return { verdict: 'info', found: `Incomplete multipart uploads cannot be listed: ${why}. Kuanary makes none.` };
    }
  },
};

async function listUploads({ s3, config, signal }: DoctorContext) {
  const uploads: MultipartUpload[] = [];
  let position: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (let page = 1; page <= maxPages; page += 1) {
    const command = new ListMultipartUploadsCommand({ Bucket: config.storage.bucket, ...position });
    const answer = await s3.retrying.send(command, { abortSignal: signal });
    uploads.push(...(answer.Uploads ?? []));
    const { NextKeyMarker: key, NextUploadIdMarker: uploadId } = answer;
    if (answer.IsTruncated !== true || key === undefined) return { uploads, complete: true };
    position = { KeyMarker: key, ...(uploadId === undefined ? {} : { UploadIdMarker: uploadId }) };
  }
  return { uploads, complete: false };
}

function explainLeftovers(old: readonly MultipartUpload[], complete: boolean): Finding {
  const count = `${complete ? '' : 'at least '}${old.length} incomplete multipart ${old.length === 1 ? 'upload is' : 'uploads are'}`;
  const example = quotable(old[0]?.Key ?? '');
  return {
    verdict: 'warn',
    found: `${count} older than a day, such as one of "${example}".`,
    cause:
      'Another program (a backup, a file browser, aws s3 cp) began and never ended them. Their parts are in no listing, take space, and are paid for.',
    remedy:
      'Add a lifecycle rule with AbortIncompleteMultipartUpload for the whole bucket in the console (`kuanary setup-bucket` adds one for tmp/ only), or end them one by one: aws s3api list-multipart-uploads, then abort-multipart-upload.',
  };
}
