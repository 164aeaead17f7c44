// A fleet's stage that is left at the end, also when a signal comes while it is being set.

import type { CloseStack } from '../../runtime/shutdown.js';
import { openFleetStage, type OneServerStage } from '../../test/fleet/fleet-stage.js';

export async function openStage(opened: CloseStack): Promise<OneServerStage> {
  const opening = openFleetStage();
  opened.add('stage', {
    close: async () => {
      // One that could not be set has said so to whoever waits for it.
      const stage = await opening.catch(() => undefined);
      await stage?.close();
    },
  });
  return await opening;
}
