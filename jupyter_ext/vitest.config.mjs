import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    dir: 'jupyter_ext/tests',
    environment: 'jsdom',
    include: ['**/*.test.ts'],
    sequence: { shuffle: true },
    // A thread costs less than a process on a small machine.
    pool: 'threads',
    isolate: false,
    testTimeout: 30_000
  }
});
