// What operators, and others who may, said should or should not happen.

/** Who caused a fact. */
export type Actor = 'operator' | 'vendor' | 'policy' | 'orchestrator' | 'host';

/** Who it was, by role and name. */
export interface Attribution {
  readonly actor: Actor;
  /** The name in their certificate. Absent: whoever owns the socket, or Lull itself. */
  readonly by?: string;
}

export type OrderFact =
  | (Attribution & {
      readonly kind: 'hold.placed';
      readonly updaterId: string;
      /** Empty: everything of this updater. */
      readonly updateId: string;
      readonly why: string;
      readonly untilMs: number;
    })
  | (Attribution & {
      readonly kind: 'hold.lifted';
      readonly updaterId: string;
      readonly updateId: string;
    })
  | {
      readonly kind: 'veto.placed';
      readonly vetoId: string;
      readonly owner: string;
      readonly why: string;
      readonly untilMs: number;
      /** The name in the certificate of whoever placed it. */
      readonly by?: string;
    }
  | (Attribution & { readonly kind: 'veto.lifted'; readonly vetoId: string })
  /** The trip switch: everything stops, and stays so over a restart. */
  | (Attribution & {
      readonly kind: 'switch.tripped';
      readonly why: string;
      readonly untilMs: number;
    })
  | (Attribution & { readonly kind: 'switch.released' })
  /** An operator wants it now; comfort is not asked until it is done. */
  | (Attribution & {
      readonly kind: 'run.demanded';
      readonly updaterId: string;
      /** Empty: a scan. */
      readonly updateId: string;
    });
