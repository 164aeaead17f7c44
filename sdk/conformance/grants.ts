// Clauses about what was seen meanwhile: that it stays within what its manifest asks for, and gives away
// nothing that is secret.

import { hold, manifest, type Clause } from './clause.js';

const SECRET_NAME = /token|secret|password|passwd|credential|api_?key/i;
const SECRET_CHARS_MIN = 6;

export const grants: readonly Clause[] = [
  {
    id: 'grant.host-calls',
    says: 'Every call carries the token of this launch, and asks for what the manifest declares.',
    try: async (trial) => {
      const { strangerCount, refusals } = (await trial.course()).seen;
      hold(
        strangerCount === 0,
        `${String(strangerCount)} of its calls had not the token of their launch`,
      );
      hold(refusals.length === 0, `the host refused it ${refusals[0] ?? ''}`);
    },
  },
  {
    id: 'grant.egress',
    says: 'egress: hosts that it may reach. No other is asked for.',
    needs: [manifest],
    try: async (trial) => {
      const { targets } = (await trial.course()).seen;
      const granted = trial.subject.claims?.egress ?? [];
      const other = targets.find((target) => !granted.includes(target));
      hold(
        other === undefined,
        `it asked the proxy for ${other ?? ''}, which the manifest does not declare`,
      );
    },
  },
  {
    id: 'grant.roots',
    says: 'What changes a root is a Commit or a Revert, in install, rollback and uninstall.',
    try: async (trial) => {
      const course = await trial.course();
      if (course.kind === 'nothing' || trial.subject.claims?.writesRoots === true) return;
      let before = course.digestBefore;
      for (const { action, calls, digestAfter } of course.steps) {
        const isAsked = calls.some((what) => what === 'commit' || what === 'revert');
        hold(isAsked || digestAfter === before, `${action} changed a root past the host`);
        before = digestAfter;
      }
    },
  },
  {
    id: 'secrets.kept',
    says: 'A token, or a setting that is one, is written to no log.',
    try: async (trial) => {
      await trial.course();
      const secrets = [...trial.subject.settings].filter(
        ([name, value]) => SECRET_NAME.test(name) && value.length >= SECRET_CHARS_MIN,
      );
      for (const { text, where, token } of trial.said) {
        hold(token === '' || !text.includes(token), `its token is in ${where}`);
        const told = secrets.find(([, value]) => text.includes(value));
        hold(told === undefined, `the setting ${told?.[0] ?? ''} is in ${where}`);
      }
    },
  },
];
