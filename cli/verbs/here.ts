import type { Places } from '../paths.js';
import type { Page } from '../show/subjects.js';

/** What every verb may ask of the command line: where Lull is, and how to answer. */
export interface Here {
  readonly version: string;
  places: () => Places;
  runDir: () => string;
  json: () => { json: boolean };
  /** What a text is shown on. */
  page: () => Page;
}
