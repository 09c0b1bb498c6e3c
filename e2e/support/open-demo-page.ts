import type { BrowserContext, Locator, Page } from 'playwright';
import { recordComplaints } from './open-browser.ts';
import type { Stack } from './start-stack.ts';

/** A file that a person chooses. */
export interface ChosenFile {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

export interface SeenRequest {
  method: string;
  origin: string;
  path: string;
  status: number | null;
  /** Headers and body, both ways. */
  sentBytes: number;
  receivedBytes: number;
}

export interface DemoPage {
  page: Page;
  complaints: string[];
  /** Finished requests other than for the page's own files, in their order. */
  seenRequests(): Promise<SeenRequest[]>;
  /** Chooses files in the dialog that the button opens. */
  choose(...files: ChosenFile[]): Promise<void>;
  card(name: string): Locator;
  /** Waits until the picture of a card has come from imgproxy, and gives its address. */
  shownPicture(name: string): Promise<string>;
}

/** Opens the page at `/`, ready for use. */
export async function openDemoPage(context: BrowserContext, stack: Stack): Promise<DemoPage> {
  const page = await context.newPage();
  const complaints = recordComplaints(page);
  // Playwright takes file dialogs over only while somebody listens, and not at once; so somebody always does.
  page.on('filechooser', () => {});
  const seen: Promise<SeenRequest>[] = [];
  page.on('requestfinished', (request) => {
    const { origin, pathname } = new URL(request.url());
    if (request.method() === 'GET' && origin === stack.apiUrl) return;
    const described = Promise.all([request.sizes(), request.allHeaders(), request.response()]).then(
      ([sizes, headers, response]) => ({
        method: request.method(),
        origin,
        path: pathname,
        status: response?.status() ?? null,
        // Playwright does not see the bodies of forms with files; their length is in the header.
        sentBytes: sizes.requestHeadersSize + Math.max(sizes.requestBodySize, Number(headers['content-length'] ?? 0)),
        receivedBytes: sizes.responseHeadersSize + sizes.responseBodySize,
      }),
    );
    seen.push(described);
  });
  await page.goto(`${stack.apiUrl}/`);
  await page.getByText(/each up to/).waitFor();

  const card = (name: string): Locator =>
    page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) });

  return {
    page,
    complaints,
    card,
    seenRequests: () => Promise.all(seen),
    async choose(...files) {
      const dialog = page.waitForEvent('filechooser');
      await page.getByRole('button', { name: 'Choose pictures' }).click();
      await (await dialog).setFiles(files);
    },
    async shownPicture(name) {
      const picture = card(name).locator('img.picture:not([hidden])');
      await picture.waitFor();
      return (await picture.getAttribute('src')) ?? '';
    },
  };
}

export const jpegFile = (name: string, buffer: Buffer): ChosenFile => ({ name, mimeType: 'image/jpeg', buffer });
export const pngFile = (name: string, buffer: Buffer): ChosenFile => ({ name, mimeType: 'image/png', buffer });
