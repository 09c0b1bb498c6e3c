import { byId } from './page-parts.js';

/** Shows all refused files of one choice in one message; none takes the last message away. @param {string[]} sentences */
export function showRefusals(sentences) {
  const place = byId('refusals');
  if (sentences.length === 0) {
    place.replaceChildren();
    return;
  }
  const list = document.createElement('ul');
  list.append(...sentences.map((sentence) => Object.assign(document.createElement('li'), { textContent: sentence })));
  const dismiss = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Dismiss' });
  dismiss.addEventListener('click', () => {
    place.replaceChildren();
    byId('choose').focus();
  });
  const box = Object.assign(document.createElement('div'), { className: 'refusal' });
  box.append(list, dismiss);
  place.replaceChildren(box);
}
