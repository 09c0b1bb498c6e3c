/** A server that cannot be had on this machine: not a failure of the tests, unless it is required. */
export class UnavailableServer extends Error {
  /** @param reason half a sentence, without a full stop */
  constructor(reason: string) {
    super(reason);
    this.name = 'UnavailableServer';
  }
}
