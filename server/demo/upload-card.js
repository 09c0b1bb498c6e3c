import { describeBytes, describeSides, describeType } from './describe-sizes.js';
import { cloneTemplate, wireCopyButton } from './page-parts.js';

/** Longest side of the local preview, in CSS pixels; never the full picture, which may be a hundred megabytes decoded. */
const previewSide = 300;

let cardCount = 0;

/**
 * One upload on the page. The caller says what happens; the card shows it.
 *
 * @param {string} name the person's own name for the file
 * @param {{
 *   onCancel: () => void, onRetry: () => void, onDelete: () => void, onDismiss: () => void,
 *   announce: (sentence: string) => void,
 * }} handlers
 */
export function createUploadCard(name, handlers) {
  const element = cloneTemplate('card-template');
  const part = (selector) => element.querySelector(selector);
  const [state, progress, picture] = [part('.state'), part('.progress'), part('.picture')];
  cardCount += 1;
  const radioName = `preset-of-card-${cardCount}`;

  part('.name').textContent = name;
  const actions = { cancel: 'onCancel', retry: 'onRetry', delete: 'onDelete', dismiss: 'onDismiss' };
  for (const [action, handler] of Object.entries(actions)) {
    const button = part(`.${action}`);
    button.setAttribute('aria-label', `${button.textContent} ${name}`);
    button.addEventListener('click', () => handlers[handler]());
  }
  progress.setAttribute('aria-label', `Upload of ${name}`);

  function showState(kind, sentence, shownActions) {
    element.className = `card ${kind}`;
    state.textContent = sentence;
    for (const action of Object.keys(actions)) part(`.${action}`).hidden = !shownActions.includes(action);
    progress.hidden = kind !== 'busy';
  }

  /** @param {number | null} fraction null: under way, nobody knows how far */
  function showBusy(sentence, fraction) {
    showState('busy', sentence, ['cancel']);
    if (fraction === null) progress.removeAttribute('value');
    else progress.value = fraction;
  }

  function showFailed(sentence, { requestId, mayRetry }) {
    showState('failed', sentence, mayRetry ? ['retry', 'dismiss'] : ['dismiss']);
    if (requestId === undefined) return;
    const reference = document.createElement('span');
    reference.className = 'reference';
    reference.textContent = `Reference ${requestId}`;
    state.append(reference);
  }

  function showDeleted() {
    for (const selector of ['.facts', '.presets', '.picture']) part(selector).hidden = true;
    picture.removeAttribute('src');
    showState('gone', 'Deleted. Its addresses lead nowhere now, except where a cache still has the picture.', [
      'dismiss',
    ]);
    part('.dismiss').focus();
  }

  function showDeleting() {
    showState('done', 'Deleting…', []);
  }

  function showDeleteFailed(sentence) {
    showState('failed', sentence, ['delete', 'dismiss']);
    part('.delete').focus();
  }

  /** Shows the local file, small, while its bytes are under way. HEIC and broken files get a tile instead. */
  async function showPreview(file, type) {
    part('.tile').textContent = describeType(type);
    const canvas = part('.preview');
    try {
      const bitmap = await createImageBitmap(file, { resizeWidth: previewSide, resizeQuality: 'medium' });
      const scale = Math.min(1, previewSide / bitmap.height);
      canvas.width = bitmap.width * scale;
      canvas.height = bitmap.height * scale;
      canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      bitmap.close();
    } catch {
      return;
    }
    if (!picture.hidden || element.classList.contains('gone')) return;
    canvas.hidden = false;
    part('.tile').textContent = '';
  }

  /** @param {object} answer of `POST /complete` */
  function showDone(answer, defaultPreset, onPicture) {
    const { image, urls, links } = answer;
    showState('done', 'Verified and stored.', ['delete']);
    const animated = image.animated ? [['Moves', 'animated']] : [];
    const facts = [
      ['Picture', describeSides(image.width, image.height)],
      ['Format', describeType(image.format)],
      ['Size', describeBytes(image.bytes)],
      ...animated,
    ];
    part('.facts').replaceChildren(...facts.map(([term, value]) => createFact(term, value)));
    part('.facts').hidden = false;

    const stable = part('.stable');
    wireCopyButton(stable.querySelector('.copy'), () => stable.querySelector('a').href, handlers.announce);
    stable.querySelector('.copy').setAttribute('aria-label', 'Copy the stable link');
    const show = (preset) => {
      const link = new URL(links[preset], document.baseURI);
      setAddress(stable.querySelector('a'), link.href, link.pathname);
      showPicture(urls[preset], preset, answer, onPicture);
    };
    const chosen = urls[defaultPreset] === undefined ? Object.keys(urls)[0] : defaultPreset;
    const rows = Object.entries(urls).map(([preset, url]) => createPresetRow(preset, url, preset === chosen, show));
    part('.preset-rows').replaceChildren(...rows);
    part('.presets').hidden = false;
    show(chosen);
  }

  function createPresetRow(preset, url, checked, show) {
    const row = cloneTemplate('preset-template');
    const radio = row.querySelector('input');
    radio.name = radioName;
    radio.checked = checked;
    radio.addEventListener('change', () => show(preset));
    row.querySelector('.preset-name span').textContent = preset;
    setAddress(row.querySelector('a'), url, new URL(url).pathname.split('/').slice(2).join('/'));
    const copy = row.querySelector('.copy');
    copy.setAttribute('aria-label', `Copy the signed URL of ${preset}`);
    wireCopyButton(copy, () => url, handlers.announce);
    return row;
  }

  function showPicture(url, preset, { image }, onPicture) {
    const finish = onPicture(url);
    picture.alt = `${name} as ${preset}`;
    picture.onload = () => {
      finish(true);
      part('.preview').hidden = true;
      part('.tile').textContent = '';
      picture.hidden = false;
      state.textContent = `Verified and stored. Shown is the ${preset}, ${describeSides(picture.naturalWidth, picture.naturalHeight)}.`;
    };
    picture.onerror = () => {
      finish(false);
      picture.hidden = true;
      part('.preview').hidden = true;
      part('.tile').textContent = describeType(image.format);
      state.textContent = explainMissingPicture(image.format);
    };
    picture.src = url;
  }

  return { element, name, showBusy, showFailed, showPreview, showDone, showDeleting, showDeleted, showDeleteFailed };
}

/** A page cannot read why a picture of another origin failed to load. */
function explainMissingPicture(format) {
  return format === 'heic'
    ? 'Verified and stored. This imgproxy cannot show HEIC; a real imgproxy on the PATH can.'
    : 'Verified and stored, but imgproxy gave no picture. Open an address to read why.';
}

function createFact(term, value) {
  const fact = document.createElement('div');
  const [dt, dd] = [document.createElement('dt'), document.createElement('dd')];
  dt.textContent = term;
  dd.textContent = value;
  fact.append(dt, dd);
  return fact;
}

/** Shown is the part that tells addresses apart; host and signature are in the address itself. */
function setAddress(anchor, url, shown) {
  anchor.href = url;
  anchor.title = url;
  anchor.textContent = shown;
}
