/**
 * Runs tasks in their order, some at a time.
 *
 * @param {number} maxParallel
 */
export function createUploadQueue(maxParallel) {
  /** @type {(() => Promise<void>)[]} */
  const waiting = [];
  let running = 0;

  async function runWaiting() {
    if (running >= maxParallel) return;
    running += 1;
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) await task();
    running -= 1;
  }

  return {
    isBusy: () => running > 0,

    /** @param {() => Promise<void>} task which must not reject */
    add(task) {
      waiting.push(task);
      void runWaiting();
    },

    /** Takes back a task that has not begun. @returns {boolean} whether it was still waiting */
    remove(task) {
      const index = waiting.indexOf(task);
      if (index !== -1) waiting.splice(index, 1);
      return index !== -1;
    },
  };
}
