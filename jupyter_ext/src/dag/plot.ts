/** Small plots of numbers that arrive: training curves, trials, metrics against a threshold. */

import { html, svg } from './dom';
import { short } from './format';
import type { Plot, Point, Series } from './model';

const WIDTH = 318;
const HEIGHT = 120;
const LEFT = 44;
const RIGHT = 10;
const TOP = 10;
const BOTTOM = 20;
const COLOURS = 6;

/** Draw a plot with its title and its legend. */
export function plotElement(plot: Plot): HTMLElement {
  const body = plot.form === 'bar' ? bars(plot) : lines(plot);
  const last = plot.series
    .map(series => `${series.name} ${short(series.points.at(-1)?.[1] ?? NaN)}`)
    .join(', ');
  return html(
    'figure',
    'pc-plot',
    {},
    html('figcaption', '', {}, plot.title),
    svg('svg', '', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': `${plot.title}: ${last}` }, ...body),
    legend(plot)
  );
}

function legend(plot: Plot): HTMLElement {
  const items = plot.series.map((series, index) =>
    html(
      'span',
      `pc-key pc-ink-${index % COLOURS}`,
      {},
      `${series.name} `,
      html('b', '', {}, short(series.points.at(-1)?.[1] ?? NaN))
    )
  );
  if (plot.threshold !== null) {
    items.push(html('span', 'pc-key pc-limit', {}, 'threshold ', html('b', '', {}, short(plot.threshold))));
  }
  return html('div', 'pc-legend', {}, ...items);
}

function* lines(plot: Plot): Generator<SVGElement> {
  const points = plot.series.flatMap(series => [...series.points]);
  const [x0, x1] = range(points.map(point => point[0]));
  const [y0, y1] = padded(range([...points.map(point => point[1]), ...(plot.threshold === null ? [] : [plot.threshold])]));
  const x = (value: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * (value - x0)) / (x1 - x0 || 1);
  const y = (value: number): number => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * (value - y0)) / (y1 - y0 || 1);
  yield* grid(y0, y1, y);
  yield svg('text', 'pc-axis', { x: WIDTH - RIGHT, y: HEIGHT - 5, 'text-anchor': 'end' }, `${plot.axis} ${short(x1)}`);
  yield svg('text', 'pc-axis', { x: LEFT, y: HEIGHT - 5 }, short(x0));
  for (const [index, series] of plot.series.entries()) {
    const shown = thin(series.points);
    const path = shown.map((point, at) => `${at ? 'L' : 'M'}${x(point[0]).toFixed(1)} ${y(point[1]).toFixed(1)}`).join('');
    yield svg('path', `pc-curve pc-ink-${index % COLOURS}`, { d: path }, svg('title', '', {}, series.name));
    const end = shown.at(-1);
    if (end) {
      yield svg('circle', `pc-end pc-ink-${index % COLOURS}`, { cx: x(end[0]), cy: y(end[1]), r: 2.6 });
    }
  }
  yield* limit(plot, y);
}

function* bars(plot: Plot): Generator<SVGElement> {
  const values = plot.series.map(series => series.points.at(-1)?.[1] ?? 0);
  if (plot.threshold !== null && values.length === 1) {
    yield* judged(values[0] ?? 0, plot.threshold, plot.series[0]?.name ?? '');
    return;
  }
  const [low, high] = range([0, ...values]);
  const y = (value: number): number => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * (value - low)) / (high - low || 1);
  yield* grid(low, high, y);
  const step = (WIDTH - LEFT - RIGHT) / Math.max(1, values.length);
  for (const [index, value] of values.entries()) {
    const width = Math.min(46, step * 0.62);
    const name = plot.series[index]?.name ?? '';
    yield svg(
      'rect',
      `pc-column pc-ink-${index % COLOURS}`,
      {
        x: LEFT + step * (index + 0.5) - width / 2,
        y: Math.min(y(value), y(0)),
        width,
        height: Math.max(1, Math.abs(y(0) - y(value))),
        rx: 2
      },
      svg('title', '', {}, `${name} ${short(value)}`)
    );
  }
}

/** One value and what it is compared with, near enough to see which is larger. */
function* judged(value: number, limit: number, name: string): Generator<SVGElement> {
  const reach = Math.max(Math.abs(value - limit) * 2.2, Math.abs(limit) * 0.02, 1e-9);
  const x = (at: number): number => LEFT + (WIDTH - LEFT - RIGHT) * (0.5 + (at - limit) / (2 * reach));
  const middle = HEIGHT / 2 - 6;
  yield svg('path', 'pc-grid', { d: `M${LEFT} ${middle}H${WIDTH - RIGHT}` });
  yield svg('path', 'pc-gap pc-ink-0', { d: `M${x(limit).toFixed(1)} ${middle}H${x(value).toFixed(1)}` });
  yield svg('path', 'pc-threshold', { d: `M${x(limit).toFixed(1)} ${TOP + 10}V${HEIGHT - BOTTOM - 12}` });
  yield svg('circle', 'pc-end pc-ink-0', { cx: x(value).toFixed(1), cy: middle, r: 5 }, svg('title', '', {}, `${name} ${short(value)}`));
  yield svg('text', 'pc-axis', { x: x(limit), y: HEIGHT - 12, 'text-anchor': 'middle' }, short(limit));
  yield svg('text', 'pc-axis', { x: x(value), y: TOP + 18, 'text-anchor': 'middle' }, short(value));
}

function* grid(low: number, high: number, y: (value: number) => number): Generator<SVGElement> {
  for (const value of [low, (low + high) / 2, high]) {
    yield svg('path', 'pc-grid', { d: `M${LEFT} ${y(value).toFixed(1)}H${WIDTH - RIGHT}` });
    yield svg('text', 'pc-axis', { x: LEFT - 5, y: y(value) + 3.5, 'text-anchor': 'end' }, short(value));
  }
}

function* limit(plot: Plot, y: (value: number) => number): Generator<SVGElement> {
  if (plot.threshold !== null) {
    yield svg('path', 'pc-threshold', { d: `M${LEFT} ${y(plot.threshold).toFixed(1)}H${WIDTH - RIGHT}` });
  }
}

function range(values: readonly number[]): [number, number] {
  const known = values.filter(Number.isFinite);
  return known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
}

function padded([low, high]: [number, number]): [number, number] {
  const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 0.5;
  return [low - room, high + room];
}

/** As many points as there are pixels, at most: each is the last of its share. */
function thin(points: Series['points']): readonly Point[] {
  const most = 300;
  if (points.length <= most) {
    return points;
  }
  return points.filter((_, index) => Math.floor((index * most) / points.length) < Math.floor(((index + 1) * most) / points.length));
}
