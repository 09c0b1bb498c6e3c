/** The element of that id. The page is ours: a missing one is a mistake in it. */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element "${id}"`);
  return element;
}

/** A fresh copy of a template's one element. @returns {HTMLElement} */
export function cloneTemplate(id) {
  return byId(id).content.firstElementChild.cloneNode(true);
}

const shownMs = 1600;

/**
 * Makes a button copy a text, and say so for a moment.
 *
 * @param {HTMLButtonElement} button
 * @param {() => string} textToCopy
 * @param {(sentence: string) => void} announce
 */
export function wireCopyButton(button, textToCopy, announce) {
  const label = button.textContent;
  let timer;
  button.addEventListener('click', async () => {
    let outcome = 'Copied';
    try {
      await navigator.clipboard.writeText(textToCopy());
    } catch {
      outcome = 'Not allowed'; // browsers give pages on plain http, other than loopback, no clipboard
    }
    button.textContent = outcome;
    announce(outcome === 'Copied' ? 'Copied' : 'The browser does not let this page copy.');
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.textContent = label;
    }, shownMs);
  });
}
