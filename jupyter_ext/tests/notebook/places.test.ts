import { expect, test } from 'vitest';

import { placed } from '../../src/notebook/places';
import { problem } from '../samples';

const WRONG = problem({ place: { from: 4, to: 8, text: 'larg', exact: true } });

function words(text: string): string[] {
  return placed([WRONG], text).map(found => text.slice(found.from, found.to));
}

test('the place is where it was', () => {
  expect(placed([WRONG], 'ml. larg')).toEqual([{ from: 4, to: 8, problem: WRONG }]);
});

test('words that moved are found again', () => {
  expect(words('# a comment\nml. larg')).toEqual(['larg']);
});

test('words that are gone, or stand twice elsewhere, are not underlined', () => {
  expect(words('ml.m5.huge')).toEqual([]);
  expect(words('larg larg xx')).toEqual([]);
});

test('places come in the order of the text', () => {
  const first = problem({ place: { from: 0, to: 2, text: 'ml', exact: true } });
  expect(placed([WRONG, first], 'ml. larg').map(found => found.from)).toEqual([0, 4]);
});
