import { BucketAlreadyOwnedByYou, CreateBucketCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { type CallLimits, callBucket } from './bucket-call.ts';

/**
 * Makes a private bucket of ours, or finds it there. The SDK names the client's region as the place; servers that know
 * their regions by other names refuse that, and are asked again without a place.
 *
 * @throws the error of `callBucket`; BucketAlreadyExists when the name belongs to somebody else
 */
export async function createBucket(
  client: S3Client,
  bucket: string,
  limits?: CallLimits,
): Promise<'created' | 'exists'> {
  try {
    await callBucket(client, new CreateBucketCommand({ Bucket: bucket }), limits);
    return 'created';
  } catch (error) {
    if (error instanceof BucketAlreadyOwnedByYou) return 'exists';
    if (!isRefusedPlace(error)) throw error;
    await callBucket(client, withoutPlace(new CreateBucketCommand({ Bucket: bucket })), limits);
    return 'created';
  }
}

function isRefusedPlace(error: unknown): boolean {
  return (
    error instanceof S3ServiceException &&
    (error.name === 'InvalidLocationConstraint' || error.name === 'IllegalLocationConstraintException')
  );
}

function withoutPlace(command: CreateBucketCommand): CreateBucketCommand {
  command.middlewareStack.add(
    (next) => (args) => {
      const { CreateBucketConfiguration: _place, ...input } = args.input;
      return next({ ...args, input });
    },
    { step: 'initialize', priority: 'low', name: 'withoutPlace' },
  );
  return command;
}
