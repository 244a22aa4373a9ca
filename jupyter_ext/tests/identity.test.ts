import { expect, test } from 'vitest';

import { CommandIDs, NAME, VERSION } from '../src/identity';

test('the name is the folder that JupyterLab loads the extension from', () => {
  expect(NAME).toBe('pipecell-labextension');
  expect(VERSION).toMatch(/^\d+\.\d+\.\d+/);
});

test('command ids are unique and begin with the product', () => {
  const ids = Object.values(CommandIDs);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) {
    expect(id).toMatch(/^pipecell:/);
  }
});
