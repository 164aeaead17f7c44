import type { OrchestratorAt } from '../clients.grpc.js';
import type { Places } from '../paths.js';
import type { Page } from '../show/subjects.js';

/** What every verb may ask of the command line: where Lull is, and how to answer. */
export interface Here {
  readonly version: string;
  places: () => Places;
  runDir: () => string;
  /** Whom to ask and order. */
  orchestrator: () => OrchestratorAt;
  /** Keys for TCP; absent: none were named. */
  tlsDir: () => string | undefined;
  json: () => { json: boolean };
  /** What a text is shown on. */
  page: () => Page;
}
