import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Workspace packages are read from source, never from a build that may be stale.
const fromSource = {
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source', 'node'], externalConditions: ['source', 'node'] } },
};

export default defineConfig({
  ...fromSource,
  test: {
    // One more than by default: many tests wait for servers, so two processors are not busy with two workers.
    maxWorkers: availableParallelism(),
    reporters: ['default', './tools/closing-line-reporter.ts'],
    projects: [
      { ...fromSource, test: { name: 'shared', include: ['shared/src/**/*.test.ts'] } },
      {
        ...fromSource,
        test: { name: 'server', include: ['server/src/**/*.test.ts', 'server/test/**/*.test.ts'], testTimeout: 20_000 },
      },
      { ...fromSource, test: { name: 'widget', include: ['widget/src/**/*.test.ts'] } },
      { ...fromSource, test: { name: 'tools', include: ['tools/**/*.test.ts'], testTimeout: 30_000 } },
      {
        ...fromSource,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 300_000,
          globalSetup: ['e2e/install-browser.ts'],
          fileParallelism: false,
        },
      },
    ],
  },
});
