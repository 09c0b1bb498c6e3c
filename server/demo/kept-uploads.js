const storageKey = 'kuanary-demo-uploads';
const maxKept = 20;

/*
 * Finished uploads of this tab, kept over a reload: `{ name, ticket, answer }`, the newest last. Of this tab only,
 * because a ticket can delete its picture. A browser that stores nothing for the page costs the list, not the upload.
 */

export function readKeptUploads() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(storageKey) ?? '[]');
    return Array.isArray(kept) ? kept.filter((upload) => typeof upload?.answer?.urls === 'object') : [];
  } catch {
    return [];
  }
}

export function keepUpload(upload) {
  write([...readKeptUploads(), upload].slice(-maxKept));
}

export function forgetUpload(filename) {
  write(readKeptUploads().filter(({ answer }) => answer.filename !== filename));
}

function write(uploads) {
  try {
    sessionStorage.setItem(storageKey, JSON.stringify(uploads));
  } catch {
    // Full or switched off.
  }
}
