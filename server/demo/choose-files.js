/**
 * All ways in which a person can give pictures to a page: the button, the whole zone, drag and drop, paste.
 *
 * @param {{
 *   zone: HTMLElement, title: HTMLElement, button: HTMLButtonElement, input: HTMLInputElement,
 *   accepts: (type: string) => boolean, onFiles: (files: File[]) => void,
 * }} parts
 */
export function listenForFiles({ zone, title, button, input, accepts, onFiles }) {
  const restingTitle = title.textContent;

  zone.addEventListener('click', (event) => {
    if (event.target !== input) input.click();
  });
  input.addEventListener('change', () => {
    const files = [...input.files];
    input.value = ''; // so that the same file can be chosen again
    button.focus();
    if (files.length > 0) onFiles(files);
  });

  // The whole page takes drops: one that misses the zone must not make the browser leave the page for the picture.
  window.addEventListener('dragover', (event) => {
    if (isOtherInput(event.target)) return;
    event.preventDefault();
    const refused = isRefused(event.dataTransfer, accepts);
    event.dataTransfer.dropEffect = refused ? 'none' : 'copy';
    showDrag(refused ? 'refusing' : 'over', refused ? 'This is not a picture that is accepted' : 'Let go to upload');
  });
  window.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) showDrag(null, restingTitle);
  });
  window.addEventListener('drop', (event) => {
    if (isOtherInput(event.target)) return;
    event.preventDefault();
    showDrag(null, restingTitle);
    const files = [...event.dataTransfer.files];
    if (files.length > 0) onFiles(files);
  });

  document.addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    onFiles(files);
  });

  function showDrag(state, text) {
    zone.classList.toggle('over', state === 'over');
    zone.classList.toggle('refusing', state === 'refusing');
    if (title.textContent !== text) title.textContent = text;
  }
}

/** The form's file field takes its own drops. */
function isOtherInput(target) {
  return target instanceof HTMLInputElement;
}

/** During a drag browsers tell only types, and Safari not even those: refused is only what is surely wrong. */
function isRefused(dataTransfer, accepts) {
  const items = [...dataTransfer.items];
  return items.length > 0 && items.every(({ kind, type }) => kind !== 'file' || (type !== '' && !accepts(type)));
}
