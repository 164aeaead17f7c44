/** An updater that can be asked to pause; see Pause and Resume of its contract. */
export interface Pausable {
  /** Settles when it stands at a safe point, or will not. */
  pause(deadlineMs: number): Promise<void>;
  /** Does not reject: what goes wrong shows in the work itself. */
  resume(): Promise<void>;
}
