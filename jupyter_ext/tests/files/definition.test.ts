import { describe, expect, test } from 'vitest';

import { isDefinition, PATTERN, saysSo, YAML_PATTERN } from '../../src/files/definition';
import { pythonJson } from '../../src/files/reader';

describe('a definition is known by what it holds', () => {
  test.each([
    ['{"Version": "2020-12-01", "Steps": []}', true],
    ['\ufeff{"StartAt": "A", "States": {"A": {}}}', true],
    ['{"Steps": 3}', false],
    ['{"StartAt": "A"}', false],
    ['[1, 2]', false],
    ['null', false],
    ['not JSON', false],
    ['{"Version": "2020-12-01", "Steps": [', true],
    ['// mine\n{"States": {"A": {},}, "StartAt": "A"}', true],
    ['{"StartAt": "A", "States": ', false],
    ['{"Steps": 3,}', false]
  ])('%j', (text, ours) => {
    expect(isDefinition(text)).toBe(ours);
  });
});

describe('names that may be a definition', () => {
  test.each(['a.json', 'census-1.0.json', 'run.asl.json', 'x.pipeline.json', 'my file.json', 'run.v2.asl.json'])('%s', name => {
    expect(name).toMatch(new RegExp(PATTERN));
  });
  test.each(['chart.vl.json', 'a.geojson', '.json', 'a.json.txt', 'a.ipynb'])('not %s', name => {
    expect(name).not.toMatch(new RegExp(PATTERN));
  });
});

describe('names that say they are a state machine', () => {
  test.each(['a.asl.yaml', 'a.b.asl.yml', 'a.asl.json'])('%s', name => expect(saysSo(name)).toBe(true));
  test.each(['a.yaml', 'asl.yaml', 'a.asl.txt', 'a.json'])('not %s', name => {
    expect(saysSo(name)).toBe(false);
    expect(name).not.toMatch(new RegExp(YAML_PATTERN));
  });
});

test('a text goes to Python as a string of JSON and as nothing else', () => {
  const text = 'a"\\ \n\u2028é🙂 __import__("os") \ud83d';
  const literal = pythonJson({ text });
  expect(literal).toMatch(/^"[\x20-\x7e]*"$/);
  // Python joins no surrogates that a literal of it escapes: only JSON may escape them.
  expect(literal).not.toMatch(/(?<!\\)(?:\\\\)*\\u/);
  expect(JSON.parse(JSON.parse(literal) as string)).toEqual({ text });
});
