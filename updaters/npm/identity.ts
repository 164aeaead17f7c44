// Who this updater is. Equal to what manifest.json says: the contract asks for it.

import type { Description } from '../../sdk/updater.js';

export const description: Description = {
  name: 'dev.lull.npm',
  version: '0.1.0',
  capabilities: { rollback: true, verify: true, stateSchemaVersion: 1 },
  software: ['programs installed with npm install --global'],
};
