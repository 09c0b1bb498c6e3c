import { createCallLog } from './call-log.js';
import { findProblem, typeOf } from './check-files.js';
import { listenForFiles } from './choose-files.js';
import { describeBytes, describePixels, describeTypes } from './describe-sizes.js';
import { forgetUpload, keepUpload, readKeptUploads } from './kept-uploads.js';
import { offerPresets, wireLegacyForm } from './legacy-form.js';
import { byId } from './page-parts.js';
import { showRefusals } from './refusal-list.js';
import { createUploadCard } from './upload-card.js';
import { callApi, deleteImage, uploadImage } from './upload-image.js';
import { createUploadQueue } from './upload-queue.js';

const maxParallelUploads = 3;

const cards = byId('cards');
const callLog = createCallLog({ groups: byId('calls'), plan: byId('plan') });
const queue = createUploadQueue(maxParallelUploads);

const limits = await readLimits();
if (limits !== null) start(limits);

async function readLimits() {
  try {
    return await callApi('GET', 'limits', {});
  } catch (error) {
    byId('limits').textContent = `${error.message} Reload the page to ask again.`;
    return null;
  }
}

function start({ types, maxPixels, presets, defaultPreset, anonymous }) {
  wireLegacyForm({ startGroup: callLog.startGroup, announce });
  offerPresets(presets, defaultPreset);
  if (anonymous === null) {
    byId('choose').disabled = true;
    byId('limits').textContent =
      'This page uploads without a credential, and that is switched off here. Unset ANONYMOUS_ORIGINS, or set it to *.';
    return;
  }
  const { maxBytes } = anonymous;
  byId('limits').textContent =
    `${describeTypes(types)}, each up to ${describeBytes(maxBytes, 'floor')} and ${describePixels(maxPixels)}`;
  byId('files').accept = types.join(',');
  for (const upload of readKeptUploads()) showKept(upload, defaultPreset);

  listenForFiles({
    zone: byId('drop'),
    title: byId('drop-title'),
    button: byId('choose'),
    input: byId('files'),
    accepts: (type) => types.includes(type),
    onFiles(files) {
      const problems = files.map((file) => findProblem(file, { types, maxBytes }));
      showRefusals(problems.filter((problem) => problem !== null));
      const place = cards.firstElementChild; // the files of one choice stay in their order, above what is there
      for (const [index, file] of files.entries()) {
        if (problems[index] === null) addUpload(file, place, defaultPreset);
      }
    },
  });
}

function addUpload(file, place, defaultPreset) {
  let controller = new AbortController();
  const record = { name: file.name, ticket: '', answer: null };
  const card = createUploadCard(file.name, {
    announce,
    onCancel: cancel,
    onRetry: enqueue,
    onDelete: () => removeImage(card, record),
    onDismiss: () => dismissCard(card),
  });
  cards.insertBefore(card.element, place);
  void card.showPreview(file, typeOf(file));
  enqueue();

  function enqueue() {
    controller = new AbortController();
    card.showBusy('Waiting for a turn', 0);
    queue.add(run);
  }

  function cancel() {
    controller.abort(new DOMException('cancelled', 'AbortError'));
    if (queue.remove(run)) showCancelled(); // one that is under way says so itself, once its call has ended
  }

  function showCancelled() {
    card.showFailed('Cancelled.');
    announce(`${file.name} is cancelled`);
  }

  async function run() {
    const { signal } = controller;
    const recordCall = callLog.startGroup(file.name);
    try {
      card.showBusy('Asking for permission', 0);
      announce(`${file.name} is being uploaded`);
      const uploaded = await uploadImage(file, {
        contentType: typeOf(file),
        signal,
        recordCall,
        onProgress: (sent) => card.showBusy(`${describeBytes(sent)} of ${describeBytes(file.size)}`, sent / file.size),
        onUploaded: () => card.showBusy('Verifying what arrived', null),
      });
      Object.assign(record, uploaded);
      keepUpload(record);
      card.showDone(record.answer, defaultPreset, (url) => recordPicture(recordCall, url));
      announce(`${file.name} is stored`);
    } catch (error) {
      if (signal.aborted) {
        showCancelled();
        return;
      }
      card.showFailed(error.message, error.requestId);
      announce(`${file.name}: ${error.message}`);
    }
  }
}

/** An upload of before the page was reloaded. */
function showKept(record, defaultPreset) {
  const card = createUploadCard(record.name, {
    announce,
    onCancel() {},
    onRetry() {},
    onDelete: () => removeImage(card, record),
    onDismiss: () => dismissCard(card),
  });
  cards.prepend(card.element);
  card.showDone(record.answer, defaultPreset, () => () => {});
}

async function removeImage(card, { ticket, answer }) {
  card.showDeleting();
  try {
    await deleteImage(answer.filename, ticket, callLog.startGroup(`Delete ${card.name}`));
    forgetUpload(answer.filename);
    card.showDeleted();
    announce(`${card.name} is deleted`);
  } catch (error) {
    announce(error.message);
    card.showDeleteFailed(error.message);
  }
}

function dismissCard(card) {
  const next = card.element.nextElementSibling ?? card.element.previousElementSibling;
  card.element.remove();
  (next?.querySelector('.actions button:not([hidden])') ?? byId('choose')).focus();
}

/** The picture itself is the fourth request. Of another origin's pictures a page learns only whether they came. */
function recordPicture(recordCall, url) {
  const finish = recordCall({ who: 'imgproxy', method: 'GET', url, sentBytes: 0 });
  const startedAt = performance.now();
  let finished = false;
  return (ok) => {
    if (!finished) finish({ ok, status: ok ? 'shown' : 'no picture', ms: performance.now() - startedAt });
    finished = true;
  };
}

function announce(sentence) {
  byId('announcements').textContent = sentence;
}

window.addEventListener('beforeunload', (event) => {
  if (queue.isBusy()) event.preventDefault();
});
