import { loadSettings } from '../config.ts';
import { printable } from '../printable-text.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { parseCommandLine } from './command-line.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { printLines } from './print-lines.ts';
import { UploadFailure } from './upload-failure.ts';
import { type UploadedImage, uploadFile } from './upload-file.ts';
import { createUploadProgress } from './upload-progress.ts';
import { chooseUploadTarget } from './upload-target.ts';

export const uploadHelp = `Usage: kuanary upload <file>… [--url http://…] [--preset name] [--json]

Uploads pictures through a running API, as a page does: sign, post to the storage, complete. Files go one after the
other. On a terminal a bar shows bytes, percent and rate (on stderr).

  --url      address of the API. Default: PUBLIC_URL, otherwise http://127.0.0.1:PORT
  --preset   the preset of the printed URL; without it the API's default
  --json     one JSON document on stdout, a result for each file

Each uploaded file is one line on stdout: its new filename, a tab, its URL. Failures are sentences on stderr.

The API key is read from KUANARY_API_KEY, otherwise it is the first of API_KEYS (or API_KEYS_FILE). It is no option,
because command lines are seen by other users of the machine and kept in the shell's history. Without a key the upload
is tried anonymously. API_KEYS is for PUBLIC_URL and for this machine; another --url needs KUANARY_API_KEY. A key is
sent over https, or to this machine.

Exit codes: 0 all uploaded; 1 a file was not; 2 wrong usage; 78 bad settings.
Settings, all optional: KUANARY_API_KEY API_KEYS PUBLIC_URL PORT`;

type Result = { file: string } & (
  | ({ success: true } & UploadedImage)
  | { success: false; error: string; code?: string; requestId?: string }
);

/** `kuanary upload` */
export async function runUpload(args: string[]): Promise<void> {
  const commandLine = parseCommandLine(args, {
    help: uploadHelp,
    flags: ['json'],
    options: ['url', 'preset'],
    operands: { name: 'The file', min: 1, max: Number.POSITIVE_INFINITY },
  });
  if (commandLine === null) return;
  const { operands: files, options, flags } = commandLine;
  const settings = loadSettings(process.env, ['API_KEYS', 'PUBLIC_URL', 'PORT']);
  const target = chooseUploadTarget({
    option: options.url,
    publicUrl: settings.PUBLIC_URL,
    port: settings.PORT,
    ownKey: process.env['KUANARY_API_KEY']?.trim() || undefined,
    deploymentKey: settings.API_KEYS[0],
  });
  const client = createApiClient(target);
  await assertReady(client, options.preset);

  const results: Result[] = [];
  for (const file of files) {
    const result = await uploadOne(client, file, options.preset);
    results.push(result);
    if (flags.json) continue;
    if (result.success) console.log([result.filename, result.url].map((text) => printable(text)).join('\t'));
    else printLines([describeFailure(result)], console.error);
  }
  if (flags.json) console.log(JSON.stringify(results, null, 2));
  if (results.some(({ success }) => !success)) process.exitCode = exitCodes.finding;
}

function describeFailure({ file, error, requestId }: { file: string; error: string; requestId?: string }): string {
  return `${file}: ${error}${requestId === undefined ? '' : ` (request ${requestId})`}`;
}

async function uploadOne(client: ApiClient, file: string, preset: string | undefined): Promise<Result> {
  const progress = await createUploadProgress(file, process.stderr);
  try {
    const image = await uploadFile(client, { file, preset, onProgress: progress.update });
    progress.done();
    return { file, success: true, ...image };
  } catch (error) {
    progress.failed();
    if (!(error instanceof UploadFailure)) throw error;
    const { message, code, requestId } = error;
    return {
      file,
      success: false,
      error: message,
      ...(code === undefined ? {} : { code }),
      ...(requestId === undefined ? {} : { requestId }),
    };
  }
}

/** One look before any file: is it Kuanary that answers, and does it know the preset? @throws CommandError */
async function assertReady(client: ApiClient, preset: string | undefined): Promise<void> {
  try {
    const { presets } = await client.getLimits();
    if (preset === undefined || presets.includes(preset)) return;
    throw new CommandError(`There is no preset "${preset}" at ${client.baseUrl}. There are: ${presets.join(', ')}.`);
  } catch (error) {
    if (error instanceof UploadFailure) throw new CommandError(error.message);
    throw error;
  }
}
