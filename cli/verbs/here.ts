import type { OrchestratorAt } from '../clients.grpc.js';
import type { Places } from '../paths.js';
import type { Page } from '../show/subjects.js';

/** What every verb may ask of the command line: where Lull is, and how to answer. */
export interface Here {
  readonly version: string;
  /** Of this machine; refuses --host, as `runDir` does. */
  places: () => Places;
  runDir: () => string;
  /** Whom to ask and order, about one machine where --host or LULL_HOST names it. */
  orchestrator: () => OrchestratorAt;
  /** The same about all machines, whatever LULL_HOST says; refuses --host. */
  fleet: () => OrchestratorAt;
  /** Keys for TCP; absent: none were named. */
  tlsDir: () => string | undefined;
  json: () => { json: boolean };
  /** What a text is shown on. */
  page: () => Page;
}
