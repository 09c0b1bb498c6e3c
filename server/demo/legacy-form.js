import { byId, wireCopyButton } from './page-parts.js';
import { callApi } from './upload-image.js';

/** The form works without this script; with it, the answer is shown on the page. */
export function wireLegacyForm({ startGroup, announce }) {
  const form = byId('legacy-form');
  const curl = `curl -F file=@photo.jpg ${new URL('upload', document.baseURI).href}`;
  byId('legacy-curl').textContent = curl;
  wireCopyButton(byId('legacy-copy'), () => curl, announce);

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const [status, json, image] = [byId('legacy-status'), byId('legacy-json'), byId('legacy-image')];
    byId('legacy-answer').hidden = false;
    image.hidden = true;
    json.textContent = '';
    status.textContent = 'Sending…';
    const fields = new FormData(form);
    try {
      const answer = await callApi('POST', 'upload', { form: fields, recordCall: startGroup('The form') });
      status.textContent = 'POST /upload answered:';
      json.textContent = JSON.stringify(answer, null, 2);
      image.onload = () => {
        image.hidden = false;
      };
      image.src = answer.url;
    } catch (error) {
      status.textContent = error.message;
    }
  });
}

/** @param {string[]} presets */
export function offerPresets(presets, defaultPreset) {
  byId('legacy-preset').replaceChildren(
    ...presets.map((name) => new Option(name, name, name === defaultPreset, name === defaultPreset)),
  );
}
