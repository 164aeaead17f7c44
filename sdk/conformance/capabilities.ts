// Clauses about capabilities that no host asks for yet: who claims one is held to it.

import { status, type ServiceError } from '@grpc/grpc-js';
import { statusOf, wordsOf } from './answer.js';
import { capability, hold, update, type Clause } from './clause.js';
import { treeDigest } from './tree-digest.fs.js';

type Done = (error: ServiceError | null) => void;

export const capabilities: readonly Clause[] = [
  {
    id: 'cancel.unknown',
    says: 'Capability cancel. Cancel MUST be OK for an unknown run.',
    needs: [capability('cancel')],
    try: async (trial) => {
      const { client } = await (await trial.open()).launch();
      await isOk((done) => client.cancel({ runId: 'nobody' }, done), 'Cancel of an unknown run');
    },
  },
  {
    id: 'state.unknown',
    says: 'Capability state. Forget MUST be OK for an unknown update.',
    needs: [capability('state')],
    try: async (trial) => {
      const { client } = await (await trial.open()).launch();
      await isOk(
        (done) => client.forget({ updateId: 'nobody' }, done),
        'Forget of an unknown update',
      );
    },
  },
  {
    id: 'dry-run.keeps-nothing',
    says: 'Capability dry_run: find out what would be found, keep nothing.',
    needs: [capability('dryRun'), update],
    try: async (trial) => {
      const scene = await trial.open();
      await scene.launch();
      const before = await treeDigest(scene.place.workDir);
      const { failure, messages } = await scene.scan({ dryRun: true });
      hold(failure === undefined, `it answered ${failure ? wordsOf(failure) : ''}`);
      hold(messages.length > 0, 'it found nothing, where a scan finds something');
      hold((await treeDigest(scene.place.workDir)) === before, 'it changed its work directory');
    },
  },
];

async function isOk(call: (done: Done) => unknown, what: string): Promise<void> {
  const error = await new Promise<ServiceError | null>((resolve) => call(resolve));
  hold(
    error === null || error.code === status.OK,
    `${what} came to ${error ? wordsOf(statusOf(error)) : ''}`,
  );
}
