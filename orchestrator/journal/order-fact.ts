// What operators, and others who may, said should or should not happen.

/** Who caused a fact. */
export type Actor = 'operator' | 'vendor' | 'policy' | 'orchestrator' | 'host';

export type OrderFact =
  | {
      readonly kind: 'hold.placed';
      readonly updaterId: string;
      /** Empty: everything of this updater. */
      readonly updateId: string;
      readonly why: string;
      readonly untilMs: number;
      readonly actor: Actor;
    }
  | {
      readonly kind: 'hold.lifted';
      readonly updaterId: string;
      readonly updateId: string;
      readonly actor: Actor;
    }
  | {
      readonly kind: 'veto.placed';
      readonly vetoId: string;
      readonly owner: string;
      readonly why: string;
      readonly untilMs: number;
    }
  | { readonly kind: 'veto.lifted'; readonly vetoId: string; readonly actor: Actor }
  /** The trip switch: everything stops, and stays so over a restart. */
  | {
      readonly kind: 'switch.tripped';
      readonly why: string;
      readonly untilMs: number;
      readonly actor: Actor;
    }
  | { readonly kind: 'switch.released'; readonly actor: Actor }
  /** An operator wants it now; comfort is not asked until it is done. */
  | {
      readonly kind: 'run.demanded';
      readonly updaterId: string;
      /** Empty: a scan. */
      readonly updateId: string;
      readonly actor: Actor;
    };
