import { expect, test } from 'vitest';

import { pythonOf } from '../../src/kernel/python';

test('the default kernel reads, where it is Python', () => {
  const spec = (language: string) => ({ language }) as never;
  expect(pythonOf({ default: 'r', kernelspecs: { r: spec('R'), py: spec('python') } })).toBe('py');
  expect(pythonOf({ default: 'py3', kernelspecs: { py: spec('python'), py3: spec('python') } })).toBe('py3');
  expect(pythonOf({ default: 'r', kernelspecs: { r: spec('R') } })).toBeNull();
  expect(pythonOf(null)).toBeNull();
});
