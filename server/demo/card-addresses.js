import { cloneTemplate, wireCopyButton } from './page-parts.js';

let listCount = 0;

/**
 * The addresses of an image by preset. Choosing a preset shows its picture, and its stable link.
 *
 * @param {HTMLFieldSetElement} fieldset
 * @param {{ urls: Record<string, string>, links: Record<string, string> }} answer
 * @param {{ defaultPreset: string, show: (preset: string) => void, announce: (sentence: string) => void }} options
 */
export function fillAddresses(fieldset, { urls, links }, { defaultPreset, show, announce }) {
  const stable = fieldset.querySelector('.stable');
  const [stableLink, copyStable] = [stable.querySelector('a'), stable.querySelector('.copy')];
  copyStable.setAttribute('aria-label', 'Copy the stable link');
  wireCopyButton(copyStable, () => stableLink.href, announce);

  function choose(preset) {
    const link = new URL(links[preset], document.baseURI);
    setAddress(stableLink, link.href, link.pathname);
    show(preset);
  }

  listCount += 1;
  const group = `presets-${listCount}`;
  const chosen = urls[defaultPreset] === undefined ? Object.keys(urls)[0] : defaultPreset;
  const rows = Object.entries(urls).map(([preset, url]) =>
    createRow({ preset, url, group, checked: preset === chosen, choose, announce }),
  );
  fieldset.querySelector('.preset-rows').replaceChildren(...rows);
  fieldset.hidden = false;
  choose(chosen);
}

function createRow({ preset, url, group, checked, choose, announce }) {
  const row = cloneTemplate('preset-template');
  const radio = row.querySelector('input');
  radio.name = group;
  radio.checked = checked;
  radio.addEventListener('change', () => choose(preset));
  row.querySelector('.preset-name span').textContent = preset;
  // Past the signature: the options and the source.
  setAddress(row.querySelector('a'), url, new URL(url).pathname.split('/').slice(2).join('/'));
  const copy = row.querySelector('.copy');
  copy.setAttribute('aria-label', `Copy the signed URL of ${preset}`);
  wireCopyButton(copy, () => url, announce);
  return row;
}

/** Shown is the part that tells addresses apart; host and signature are in the address itself. */
function setAddress(anchor, url, shown) {
  anchor.href = url;
  anchor.title = url;
  anchor.textContent = shown;
}
