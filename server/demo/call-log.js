import { describeBytes } from './describe-sizes.js';
import { cloneTemplate } from './page-parts.js';

const keptUploads = 8;

/**
 * The panel of HTTP calls, one group per upload, the newest first and open.
 *
 * @param {{ groups: HTMLElement, plan: HTMLElement }} places
 */
export function createCallLog({ groups, plan }) {
  /** @returns {import('./upload-image.js').RecordCall} */
  function startGroup(title) {
    const group = cloneTemplate('calls-template');
    const summary = group.querySelector('summary');
    const list = group.querySelector('ol');
    summary.textContent = title;
    for (const older of groups.querySelectorAll(':scope > details')) older.open = false;
    groups.prepend(group);
    while (groups.children.length > keptUploads) groups.lastElementChild.remove();
    plan.hidden = true;

    let count = 0;
    let totalMs = 0;
    return (call) => {
      const row = createRow(call);
      list.append(row.element);
      return (result) => {
        row.finish(result);
        count += 1;
        totalMs += result.ms;
        summary.textContent = `${title} · ${count} ${count === 1 ? 'call' : 'calls'}, ${Math.round(totalMs)} ms`;
      };
    };
  }

  return { startGroup };
}

function createRow({ who, method, url, sentBytes, request }) {
  const element = cloneTemplate('call-template');
  const part = (name) => element.querySelector(`.call-${name}`);
  element.dataset.who = who;
  part('method').textContent = method;
  part('address').textContent = shortenAddress(url);
  part('address').title = url;
  part('who').textContent = who;

  function finish({ ok, status, ms, receivedBytes, answer }) {
    part('status').textContent = status;
    part('status').classList.add(ok ? 'ok' : 'bad');
    part('ms').textContent = `${Math.round(ms)} ms`;
    const bytes = [
      ...(sentBytes > 0 ? [`sent ${describeBytes(sentBytes)}`] : []),
      ...(receivedBytes > 0 ? [`got ${describeBytes(receivedBytes)}`] : []),
    ];
    part('bytes').textContent = bytes.join(', ');
    if (request === undefined && answer === undefined) return;
    const body = cloneTemplate('body-template');
    body.querySelector('.call-sent').textContent = request === undefined ? 'nothing' : toText(request);
    body.querySelector('.call-got').textContent = answer === undefined ? 'nothing of interest' : toText(answer);
    element.append(body);
  }

  return { element, finish };
}

function toText(value) {
  return JSON.stringify(value, null, 2);
}

/** Keeps the host and what tells calls apart; signatures and random names are long. */
function shortenAddress(url) {
  const { host, pathname } = new URL(url);
  const path = pathname.split('/').map((part) => (part.length > 30 ? `${part.slice(0, 12)}…${part.slice(-8)}` : part));
  return `${host}${path.join('/')}`;
}
