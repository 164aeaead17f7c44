// The demo's policy: waiting times shortened, and said so.

interface Override {
  readonly what: string;
  readonly usually: string;
  readonly here: string;
}

export const overrides: readonly Override[] = [
  { what: 'away before anything starts', usually: '4 min', here: '1 s' },
  { what: 'away before an install', usually: '10 min', here: '1 s' },
  { what: 'away before a paused run goes on', usually: '4 min', here: '1 s' },
  { what: 'wait after the machine or Lull starts', usually: '5 min', here: 'none' },
  { what: 'limits on load by others', usually: '20 % CPU …', here: 'off: set-up was just running' },
];

export function demoPolicy(publicKey: string): string {
  return `# The policy of the demo. docs/policy.md says what the usual values are and where they come from.
publishers:
  - name: lull
    keys: ['${publicKey}']
    ids: ['dev.lull.*']
waiting:
  away: 1s
  away_for_install: 1s
  away_to_resume: 1s
  between_resumes: 1s
  start_up: 0s
  set_up: 0s
  boot: 0s
  resume: 0s
  login: 0s
load:
  cpu.busy: off
  disk.busy: off
  pressure.cpu: off
  pressure.io: off
  pressure.memory: off
`;
}
