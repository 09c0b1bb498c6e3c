/** An S3 error answer: HTTP status, machine code, sentence. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export class S3Error extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'S3Error';
    this.status = status;
    this.code = code;
  }
}

/** The signature of a request does not hold, so that nothing of its bucket was looked at. */
export class UnauthenticatedError extends S3Error {
  constructor({ status, code, message }: S3Error) {
    super(status, code, message);
    this.name = 'UnauthenticatedError';
  }
}

export const accessDenied = (message: string): S3Error => new S3Error(403, 'AccessDenied', message);
export const invalidArgument = (message: string): S3Error => new S3Error(400, 'InvalidArgument', message);
export const malformedXml = (message: string): S3Error => new S3Error(400, 'MalformedXML', message);
export const noSuchBucket = (bucket: string): S3Error =>
  new S3Error(404, 'NoSuchBucket', `There is no bucket "${bucket}".`);
export const noSuchKey = (): S3Error => new S3Error(404, 'NoSuchKey', 'There is no object of that key.');
export const noSuchUpload = (): S3Error =>
  new S3Error(
    404,
    'NoSuchUpload',
    'There is no multipart upload of that id for that key: it was completed, aborted or never begun.',
  );
export const preconditionFailed = (message: string): S3Error => new S3Error(412, 'PreconditionFailed', message);
export const notImplemented = (what: string): S3Error =>
  new S3Error(501, 'NotImplemented', `The embedded object store does not implement ${what}.`);
