import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends a run with one plain line, `N passed, N failed`, which a person or a CI can read without knowing vitest. What
 * `KUANARY_TEST_CLOSING_NOTES` says comes before it: the tests for real servers name there what they had to skip.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<unknown>): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== 'pending') count[state] += 1;
      }
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
    // The default reporter prints its summary in the same event; the line must come after it.
    process.once('exit', () => {
      const notes = process.env['KUANARY_TEST_CLOSING_NOTES'] ?? '';
      if (notes !== '') console.log(`${notes}\n`);
      console.log(`${count.passed} passed, ${count.failed} failed${skipped}`);
    });
  }
}
