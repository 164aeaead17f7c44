// The rhythm of one machine: how often, in each hour of the week, a person comes back. Learnt from
// this machine's own presence, kept as small hourly summaries, and never sent anywhere.
//
// The model is a hazard: in hour h somebody comes back `returns` times in `awayS` seconds of absence.
// The chance that an absence lasts another d seconds is exp(-sum of hazard × time) over the hours it
// crosses. A prior stands in for hours that were never seen, and fades as they are.

/** What one hour of the week has been like. Old weeks weigh less. */
export interface HourSummary {
  /** Seconds that a person was away. */
  readonly awayS: number;
  /** How often an absence ended. */
  readonly returns: number;
}

/** 168 hours, from Sunday midnight local time. */
export type Rhythm = readonly HourSummary[];

export const HOURS_PER_WEEK = 168;
const HOUR_S = 3_600;
/** What a week counts after another one has passed: about a month of memory. */
const FADE_PER_WEEK = 0.8;
/** Weight of the prior, in hours of absence seen. */
const PRIOR_HOURS = 1;
/** Returns per hour of absence where nothing is known: in active hours, and at night. */
const PRIOR_ACTIVE = 1.5;
const PRIOR_NIGHT = 0.1;

export const noRhythm: Rhythm = Array.from({ length: HOURS_PER_WEEK }, () => ({
  awayS: 0,
  returns: 0,
}));

/** The rhythm with one hour more. What was known of that hour fades as a week has passed. */
export function learn(rhythm: Rhythm, hourOfWeek: number, seen: HourSummary): Rhythm {
  return rhythm.map((hour, index) =>
    index === hourOfWeek
      ? {
          awayS: hour.awayS * FADE_PER_WEEK + seen.awayS,
          returns: hour.returns * FADE_PER_WEEK + seen.returns,
        }
      : hour,
  );
}

/**
 * The chance that a person who is away stays so for `durationS`.
 * @param minuteOfWeek local time, from Sunday midnight.
 * @param activeHours hours of the day in which people are expected until it is learnt.
 */
export function chanceOfQuiet(
  rhythm: Rhythm,
  minuteOfWeek: number,
  durationS: number,
  activeHours: { readonly fromHour: number; readonly toHour: number },
): number {
  let exponent = 0;
  let leftS = durationS;
  let hour = Math.floor(minuteOfWeek / 60);
  let inHourS = HOUR_S - (minuteOfWeek % 60) * 60;
  while (leftS > 0) {
    const spentS = Math.min(leftS, inHourS);
    exponent += (hazardPerHour(rhythm, hour % HOURS_PER_WEEK, activeHours) * spentS) / HOUR_S;
    leftS -= spentS;
    hour += 1;
    inHourS = HOUR_S;
    // Nothing survives so long; and the loop stays short whatever it is asked.
    if (exponent > 50) return 0;
  }
  return Math.exp(-exponent);
}

function hazardPerHour(
  rhythm: Rhythm,
  hourOfWeek: number,
  active: { readonly fromHour: number; readonly toHour: number },
): number {
  const { awayS, returns } = rhythm[hourOfWeek] ?? { awayS: 0, returns: 0 };
  const hourOfDay = hourOfWeek % 24;
  const prior =
    hourOfDay >= active.fromHour && hourOfDay < active.toHour ? PRIOR_ACTIVE : PRIOR_NIGHT;
  return (returns + prior * PRIOR_HOURS) / (awayS / HOUR_S + PRIOR_HOURS);
}
