import { z } from 'zod';

/**
 * The API contract: every request, answer and error that crosses HTTP, in one place.
 * Schemas are strict (an unknown field is a mistake the caller wants to hear about); answers carry types only where
 * the server makes them and nobody parses them here.
 */

/** The formats the product understands, by the name used in `image.format` and `ALLOWED_TYPES`. */
export const imageFormats = ['jpeg', 'png', 'gif', 'webp', 'avif', 'heic'] as const;
export type ImageFormat = (typeof imageFormats)[number];

/** Format → the MIME type written to objects and policies, and the extension of the file name. */
export const formatTable: Record<ImageFormat, { mimeType: string; extension: string }> = {
  jpeg: { mimeType: 'image/jpeg', extension: 'jpg' },
  png: { mimeType: 'image/png', extension: 'png' },
  gif: { mimeType: 'image/gif', extension: 'gif' },
  webp: { mimeType: 'image/webp', extension: 'webp' },
  avif: { mimeType: 'image/avif', extension: 'avif' },
  heic: { mimeType: 'image/heic', extension: 'heic' },
};

/** What is known of a picture from its own header bytes. Sides are as displayed, after EXIF orientation, in pixels. */
export const ImageFacts = z.strictObject({
  width: z.int().positive(),
  height: z.int().positive(),
  format: z.enum(imageFormats),
  bytes: z.int().positive(),
  animated: z.boolean(),
});
export type ImageFacts = z.infer<typeof ImageFacts>;

/** `POST /sign-upload`. `size` in bytes; `filename` is the person's own name for the file and is only echoed. */
export const SignUploadRequest = z.strictObject({
  contentType: z.string().min(1).max(100),
  size: z.int().nonnegative(),
  filename: z.string().min(1).max(255).optional(),
});
export type SignUploadRequest = z.infer<typeof SignUploadRequest>;

/** 201 of `POST /sign-upload`: post `fields`, then the file as `file`, to `url` before `expiresAt` (ISO 8601). */
export const SignUploadAnswer = z.strictObject({
  uploadId: z.uuid(),
  method: z.literal('POST'),
  url: z.url(),
  fields: z.record(z.string(), z.string()),
  ticket: z.string(),
  expiresAt: z.iso.datetime(),
});
export type SignUploadAnswer = z.infer<typeof SignUploadAnswer>;

/** `POST /complete`. Without `presets` the answer has a URL for each preset there is. */
export const CompleteRequest = z.strictObject({
  ticket: z.string().min(1).max(4096),
  presets: z.array(z.string().min(1).max(64)).min(1).max(100).optional(),
});
export type CompleteRequest = z.infer<typeof CompleteRequest>;

/** Addresses of one image: `urls` are signed imgproxy URLs, `links` the stable `/i/…` addresses, both by preset name. */
export const ImageAddresses = z.strictObject({
  urls: z.record(z.string(), z.string()),
  links: z.record(z.string(), z.string()),
  srcset: z.record(z.string(), z.string()).optional(),
});
export type ImageAddresses = z.infer<typeof ImageAddresses>;

/** 200 of `POST /complete`. `url` is the signed URL of `DEFAULT_PRESET`, else `thumbnail`, else the first asked for. */
export const CompleteAnswer = ImageAddresses.extend({
  success: z.literal(true),
  filename: z.string(),
  url: z.string(),
  image: ImageFacts,
  originalFilename: z.string().optional(),
});
export type CompleteAnswer = z.infer<typeof CompleteAnswer>;

/** 200 of the legacy `POST /upload`: `success`, `url` and `filename` as they always were, the rest beside them. */
export const LegacyUploadAnswer = CompleteAnswer;
export type LegacyUploadAnswer = CompleteAnswer;

/** 200 of `GET /limits`: what an upload may be, said before anybody chooses a file. */
export const LimitsAnswer = z.strictObject({
  types: z.array(z.string()),
  maxBytes: z.int(),
  maxPixels: z.int(),
  presets: z.array(z.string()),
  defaultPreset: z.string(),
  anonymous: z.strictObject({ maxBytes: z.int() }).nullable(),
});
export type LimitsAnswer = z.infer<typeof LimitsAnswer>;

/** Query of `GET /images`: at most `limit` images (1 to 1000) whose names come after `after`. */
export const ListImagesQuery = z.strictObject({
  after: z.string().max(255).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** 200 of `GET /images`. `next` is the `after` of the following page; it is absent on the last one. */
export const ListImagesAnswer = z.strictObject({
  images: z.array(z.strictObject({ filename: z.string(), bytes: z.int(), lastModified: z.iso.datetime() })),
  next: z.string().optional(),
});
export type ListImagesAnswer = z.infer<typeof ListImagesAnswer>;

/** 200 of `GET /images/:filename`. */
export const ImageAnswer = ImageAddresses.extend({
  filename: z.string(),
  url: z.string(),
  lastModified: z.iso.datetime(),
  image: ImageFacts,
});
export type ImageAnswer = z.infer<typeof ImageAnswer>;

/** File names in addresses: one path segment, no leading dot, one of the known extensions; older names included. */
export const imageFilenamePattern = /^[A-Za-z0-9][\w.-]{0,199}\.(?:jpg|jpeg|png|gif|webp|avif|heic|heif)$/;

/**
 * The error catalogue: machine code → HTTP status and the sentence shown when the place that raises it has nothing
 * more exact to say. A code has one status for ever; a sentence says what was wrong, what is allowed, what to do.
 */
export const errorCatalogue = {
  invalid_request: {
    status: 400,
    sentence: 'The request is not what this call takes. See the contract in the README.',
  },
  invalid_json: { status: 400, sentence: 'The body is not valid JSON. Send one JSON object encoded as UTF-8.' },
  credential_in_query: {
    status: 400,
    sentence: 'Credentials are not read from the query string. Send them as "Authorization: Bearer …".',
  },
  unknown_preset: { status: 400, sentence: 'There is no such preset. GET /presets lists the names.' },
  malformed_multipart: { status: 400, sentence: 'The form is not valid multipart/form-data. Send it again unchanged.' },
  no_file: {
    status: 400,
    sentence: 'The form has no file. Send the picture in a file field called "file", "image", "upload" or "files[]".',
  },
  too_many_files: { status: 400, sentence: 'The form has more than one file. Send one picture per request.' },
  too_many_parts: {
    status: 400,
    sentence: 'The form has too many or too large fields. Send the file and at most 20 fields.',
  },
  truncated_body: { status: 400, sentence: 'The form ended before its closing boundary. Send it again.' },
  auth_required: {
    status: 401,
    sentence: 'A credential is needed: "Authorization: Bearer <id>:<secret>" with one of the API keys.',
  },
  invalid_credentials: {
    status: 401,
    sentence: 'The credential is not valid here. Check the API key and its deployment.',
  },
  invalid_ticket: {
    status: 401,
    sentence: 'The ticket is not one of this deployment. Start again with POST /sign-upload.',
  },
  uploads_not_configured: {
    status: 401,
    sentence:
      'Uploads are not configured. Add the line API_KEYS=cms:<at least 32 random characters> (openssl rand -hex 32 makes them) to the environment, restart, and send "Authorization: Bearer cms:<the same characters>".',
  },
  api_key_in_browser: {
    status: 403,
    sentence: 'An API key was sent by a browser. Keep API keys on servers and have the server sign the upload.',
  },
  forbidden_origin: {
    status: 403,
    sentence: 'Pages of this origin may not upload. Add the origin to ANONYMOUS_ORIGINS.',
  },
  not_found: { status: 404, sentence: 'There is no such address. The README lists the calls.' },
  image_not_found: { status: 404, sentence: 'There is no image of that name.' },
  method_not_allowed: {
    status: 405,
    sentence: 'This address does not take that method. The Allow header lists those it takes.',
  },
  upload_too_slow: {
    status: 408,
    sentence: 'The upload was too slow and was stopped. Try again on a better connection.',
  },
  not_uploaded: {
    status: 409,
    sentence: 'Nothing has been uploaded with this ticket yet. Upload the file first, then complete.',
  },
  upload_changed: { status: 409, sentence: 'The file was replaced while it was being verified. Complete again.' },
  ticket_expired: { status: 410, sentence: 'The ticket has expired. Start again with POST /sign-upload.' },
  upload_expired: {
    status: 410,
    sentence: 'The upload was not completed in time and was removed. Start again with POST /sign-upload.',
  },
  image_deleted: {
    status: 410,
    sentence: 'The image of this upload has been deleted. Upload it again to have it back.',
  },
  body_too_large: { status: 413, sentence: 'The JSON body is too large. At most 16 kB are read.' },
  file_too_large: { status: 413, sentence: 'The file is too large. GET /limits says how large it may be.' },
  unsupported_file_type: { status: 415, sentence: 'Files of this type are not accepted. GET /limits lists the types.' },
  unsupported_media_type: { status: 415, sentence: 'The request body has the wrong Content-Type for this call.' },
  unsupported_content: {
    status: 422,
    sentence: 'The file is not a picture of an accepted format. GET /limits lists them.',
  },
  empty_file: { status: 422, sentence: 'The file is empty. Choose a picture with content.' },
  size_mismatch: {
    status: 422,
    sentence: 'The stored file has another size than was signed. Sign and upload it again.',
  },
  truncated: { status: 422, sentence: 'The file ends within its header. It is damaged; upload an intact copy.' },
  header_too_far: {
    status: 422,
    sentence: 'The picture hides its size too deep in the file. Save it again and upload that.',
  },
  image_too_large: { status: 422, sentence: 'The picture has too many pixels. GET /limits says how many it may have.' },
  internal_error: {
    status: 500,
    sentence: 'Something went wrong on our side. Try again; the requestId finds it in the log.',
  },
  storage_unavailable: {
    status: 503,
    sentence: 'The storage did not do what was asked. Nothing is lost; try again shortly.',
  },
  storage_unsafe: {
    status: 503,
    sentence:
      'The storage does not refuse a second PUT with If-None-Match: *, so several instances could answer differently. Use storage that does, or set SINGLE_INSTANCE=true and run exactly one instance.',
  },
  spool_unavailable: {
    status: 503,
    sentence: 'The server has no room to receive the file right now. Try again shortly.',
  },
  storage_timeout: { status: 504, sentence: 'The storage did not answer in time. Nothing is lost; try again shortly.' },
} as const satisfies Record<string, { status: number; sentence: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

/** The body of every error. `requestId` is the one in the server's log. */
export const ErrorAnswer = z.strictObject({
  success: z.literal(false),
  error: z.string(),
  code: z.enum(Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]]),
  requestId: z.string(),
});
export type ErrorAnswer = z.infer<typeof ErrorAnswer>;
