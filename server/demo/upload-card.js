import { fillAddresses } from './card-addresses.js';
import { createCardPicture } from './card-picture.js';
import { describeBytes, describeSides, describeType } from './describe-sizes.js';
import { cloneTemplate } from './page-parts.js';

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
  const state = createCardState(element, name, handlers);
  const picture = createCardPicture(part('.frame'), { describe: state.describe });

  /** @param {object} answer of `POST /complete` */
  function showDone(answer, defaultPreset, onPicture) {
    const { image, urls } = answer;
    state.show('done', 'Verified and stored.', ['delete']);
    showFacts(part('.facts'), image);
    fillAddresses(part('.presets'), answer, {
      defaultPreset,
      announce: handlers.announce,
      show(preset) {
        const finish = onPicture(urls[preset]);
        picture.showPicture(urls[preset], { alt: `${name} as ${preset}`, preset, format: image.format, finish });
      },
    });
  }

  function showDeleted() {
    for (const selector of ['.facts', '.presets', '.picture']) part(selector).hidden = true;
    picture.clear();
    const sentence = 'Deleted. Its addresses lead nowhere now, except where a cache still has the picture.';
    state.show('gone', sentence, ['dismiss']);
    part('.dismiss').focus();
  }

  return {
    element,
    name,
    showBusy: state.showBusy,
    showFailed: state.showFailed,
    showPreview: picture.showPreview,
    showDone,
    showDeleting: () => state.show('done', 'Deleting…', []),
    showDeleted,
    showDeleteFailed: (sentence) => state.show('failed', sentence, ['delete', 'dismiss']),
  };
}

const handlerNames = { cancel: 'onCancel', retry: 'onRetry', delete: 'onDelete', dismiss: 'onDismiss' };

/** The words, the progress bar and the buttons of a card. */
function createCardState(element, name, handlers) {
  const [state, progress] = [element.querySelector('.state'), element.querySelector('.progress')];
  element.tabIndex = -1; // takes the focus when the button that had it goes away
  element.querySelector('.name').textContent = name;
  progress.setAttribute('aria-label', `Upload of ${name}`);
  const buttons = Object.entries(handlerNames).map(([action, handlerName]) => {
    const button = element.querySelector(`.${action}`);
    button.setAttribute('aria-label', `${button.textContent} ${name}`);
    button.addEventListener('click', () => handlers[handlerName]());
    return { action, button };
  });

  function show(kind, sentence, actions) {
    const focused = buttons.find(({ button }) => button === document.activeElement);
    element.className = `card ${kind}`;
    state.textContent = sentence;
    progress.hidden = kind !== 'busy';
    for (const { action, button } of buttons) button.hidden = !actions.includes(action);
    if (focused?.button.hidden) element.focus();
  }

  /** @param {number | null} fraction null: under way, nobody knows how far */
  function showBusy(sentence, fraction) {
    show('busy', sentence, ['cancel']);
    if (fraction === null) progress.removeAttribute('value');
    else progress.value = fraction;
  }

  function showFailed(sentence, requestId) {
    show('failed', sentence, ['retry', 'dismiss']);
    if (requestId === undefined) return;
    const reference = document.createElement('span');
    reference.className = 'reference';
    reference.textContent = `Reference ${requestId}`;
    state.append(reference);
  }

  function describe(sentence) {
    state.textContent = sentence;
  }

  return { show, showBusy, showFailed, describe };
}

function showFacts(list, { width, height, format, bytes, animated }) {
  const facts = [
    ['Picture', describeSides(width, height)],
    ['Format', describeType(format)],
    ['Size', describeBytes(bytes)],
    ...(animated ? [['Moves', 'animated']] : []),
  ];
  list.replaceChildren(...facts.map(([term, value]) => createFact(term, value)));
  list.hidden = false;
}

function createFact(term, value) {
  const fact = document.createElement('div');
  const [dt, dd] = [document.createElement('dt'), document.createElement('dd')];
  dt.textContent = term;
  dd.textContent = value;
  fact.append(dt, dd);
  return fact;
}
