// Two updaters on a quiet machine, of which the first offers updates.

import type { Signal, Value } from '../../conditions/reading.js';
import type { Fact } from '../journal/fact.js';
import type { Update } from '../runs/update.js';
import {
  admitted,
  at,
  enabled,
  finished,
  found,
  NOW_MS,
  quietReadings,
  submitted,
  UPDATER,
  type Dated,
} from '../world/history.testing.js';
import type { HostView } from './host-view.js';

export const HOUR_MS = 3_600_000;
export const OTHER = 'com.acme.other';
const actions = ['download', 'install', 'verify', 'rollback', 'restart_app', 'reboot'];
/** Two that fetch from one host take turns. */
const from = (host: string) => ({ fetch: [`https://${host}/`] });

export function hostWith(changes: Partial<Record<Signal, Value>> = {}): HostView {
  const readings = quietReadings(changes);
  return {
    id: 'host-1',
    attached: true,
    level: 'confined',
    readings,
    diskPath: '/',
    servedSinceMs: NOW_MS - HOUR_MS,
  };
}

/** Two updaters; the first offers `updates`, and both have scanned a moment ago. */
export function offering(updates: readonly Update[], ...more: Fact[]): Dated[] {
  const scanned = (id: string, updaterId: string): Fact[] => [
    admitted(id, { kind: 'scan' }, { updaterId }),
    finished(id, { kind: 'succeeded' }),
  ];
  return [
    ...at(
      NOW_MS - 2 * HOUR_MS,
      submitted(UPDATER, { actions, ...from('acme.example') }),
      enabled(),
      submitted(OTHER, from('other.example')),
      enabled(OTHER),
    ),
    ...at(NOW_MS - HOUR_MS, ...scanned('s1', UPDATER), ...scanned('s2', OTHER), found(updates)),
    ...at(NOW_MS - 60_000, ...more),
  ];
}
