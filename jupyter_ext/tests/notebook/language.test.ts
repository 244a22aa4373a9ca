import { describe, expect, test } from 'vitest';

import { headerEnd, languageOf, PYTHON, TEXT, YAML } from '../../src/notebook/language';

describe('the language of a cell', () => {
  test.each([
    ['%%step processing Prepare\nimport pandas', PYTHON],
    ['%%step training Train --image xgboost:1.7-1\nobjective: binary:logistic\nnum_round: 50', YAML],
    ['%%step training Train\n# settings\nlayers:\n  - 1\n  - 2\n', YAML],
    ['%%step training Train --image sklearn\nimport os\nprint(os.environ)', PYTHON],
    ['%%step training Train --image sklearn\nrounds: int = 5\nprint(rounds)', PYTHON],
    ['%%step training Train\n', PYTHON],
    ['%%step condition Check\nif Train.output["a"] > 1:\n    Register\nelse:\n    Weak', PYTHON],
    ['%%pipeline Machine\nComment: one\nStartAt: A\nStates:\n  A: {Type: Pass, End: true}', YAML],
    ['%%step fail Weak\nIt is too weak: see above', TEXT]
  ])('%j', (text, language) => {
    expect(languageOf(text)).toBe(language);
  });

  test.each(['x: 1', '%%pipeline A\nx = 1', '%%pipeline A\nx: int', '%%stepper a b', ' %%step training A\na: 1'])('%j is not ours', text => {
    expect(languageOf(text)).toBeNull();
  });
});

test('the header is the first line of a cell magic', () => {
  expect(headerEnd('%%step fail Weak\nbody')).toBe('%%step fail Weak'.length);
  expect(headerEnd('x = 1\n%%step fail Weak')).toBeNull();
});
