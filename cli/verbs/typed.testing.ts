// What an operator types, for tests: the verbs, at the socket of an operator's API.

import { jest } from '@jest/globals';
import { Command } from 'commander';
import type { OperatorUnderTest } from '../../orchestrator/api/operator.testing.js';
import { addAsking } from './ask.js';
import { addAudit } from './audit.js';
import type { Here } from './here.js';
import { addOrders } from './orders.js';
import { addUpdaters } from './updaters.js';

/** @returns what `lull LINE` prints. */
export async function typed(
  operator: OperatorUnderTest,
  line: string,
  { json = false, host }: { readonly json?: boolean; readonly host?: string | undefined } = {},
): Promise<string> {
  const program = new Command('lull').exitOverride();
  const everywhere = { runDir: operator.rig.directory };
  const here: Here = {
    version: '1.2.3',
    places: () => {
      throw new Error('no verb here asks for places');
    },
    runDir: () => operator.rig.directory,
    orchestrator: () => ({ ...everywhere, ...(host === undefined ? {} : { hostId: host }) }),
    fleet: () => everywhere,
    tlsDir: () => undefined,
    json: () => ({ json }),
    page: () => ({ nowMs: operator.clock.now().wallMs, columns: 80 }),
  };
  addAsking(program, here);
  addAudit(program, here);
  addOrders(program, here);
  addUpdaters(program, here);
  let printed = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    await program.parseAsync(line.split(' '), { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return printed;
}
