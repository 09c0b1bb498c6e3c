import { describeSides, describeType } from './describe-sizes.js';

/** Longest side of the local preview, in CSS pixels; never the full picture, which may be a hundred megabytes decoded. */
const previewSide = 300;

/**
 * The frame of a card: the local file while its bytes are under way, then what imgproxy makes of it.
 *
 * @param {HTMLElement} frame
 * @param {{ describe: (sentence: string) => void }} card where it is said what is shown
 */
export function createCardPicture(frame, { describe }) {
  const [canvas, picture, tile] = ['.preview', '.picture', '.tile'].map((part) => frame.querySelector(part));

  /** HEIC and broken files get a tile with their format instead. */
  async function showPreview(file, type) {
    tile.textContent = describeType(type);
    let bitmap;
    try {
      bitmap = await createImageBitmap(file, { resizeWidth: previewSide, resizeQuality: 'medium' });
    } catch {
      return; // the browser cannot decode it; imgproxy may
    }
    const scale = Math.min(1, previewSide / bitmap.height);
    canvas.width = bitmap.width * scale;
    canvas.height = bitmap.height * scale;
    canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    if (picture.hasAttribute('src')) return; // the real one came first
    canvas.hidden = false;
    tile.textContent = '';
  }

  /** @param {(ok: boolean) => void} finish called once the picture has come, or has not */
  function showPicture(url, { alt, preset, format, finish }) {
    picture.alt = alt;
    picture.onload = () => {
      finish(true);
      canvas.hidden = true;
      tile.textContent = '';
      picture.hidden = false;
      const sides = describeSides(picture.naturalWidth, picture.naturalHeight);
      describe(`Verified and stored. Shown is the ${preset}, ${sides}.`);
    };
    picture.onerror = () => {
      finish(false);
      canvas.hidden = true;
      picture.hidden = true;
      tile.textContent = describeType(format);
      describe(explainMissingPicture(format));
    };
    picture.src = url;
  }

  function clear() {
    picture.onload = null;
    picture.onerror = null;
    picture.removeAttribute('src');
  }

  return { showPreview, showPicture, clear };
}

/** A page cannot read why a picture of another origin failed to load. */
function explainMissingPicture(format) {
  return format === 'heic'
    ? 'Verified and stored. This imgproxy cannot show HEIC; a real imgproxy on the PATH can.'
    : 'Verified and stored, but imgproxy gave no picture. Open an address to read why.';
}
