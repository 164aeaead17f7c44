// What the API says of "this machine" where it answers for all of them: there is none.

import type { HostView } from '../scheduler/host-view.js';
import type { Plan } from '../scheduler/plan.js';

const plan: Plan = {
  admit: [],
  resume: [],
  stop: [],
  pause: [],
  unjudged: [],
  paused: [],
  waiting: [],
  restart: {},
};

const view: HostView = {
  id: 'fleet',
  attached: false,
  level: undefined,
  readings: new Map(),
  diskPath: '/',
  servedSinceMs: 0,
};

export const nobody = {
  planNow: (): Plan => plan,
  hostView: (): HostView => view,
  host: () => undefined,
  whatThereIs:
    'updates are known by machine: name one with --host, or the updater for all machines; "lull updaters" lists those',
};
