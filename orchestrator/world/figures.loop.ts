// Hands what entries add to the figures to OpenTelemetry, where a collector is named.

import { count, time } from '../../runtime/metrics.js';
import type { Entry } from '../journal/chain.js';
import { figuresAtStart } from './figures-at-start.js';
import { figuresOf, type Figure } from './figures.js';

/** Before the first entry is written. */
export function countNothingYet(): void {
  for (const figure of figuresAtStart) add(figure);
}

/** For each entry of a journal that is written here, once it is durable. */
export function countEntry({ fact }: Pick<Entry, 'fact'>): void {
  for (const figure of figuresOf(fact)) add(figure);
}

function add(figure: Figure): void {
  const { name, labels } = figure;
  if (figure.kind === 'count') count(name, figure.by, labels, figure.unit);
  else time(name, figure.seconds, labels);
}
