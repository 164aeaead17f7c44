// The rhythm of one machine: how often, in each hour of the week, a person comes back. Learnt from
// this machine's own presence, kept as small hourly summaries, and never sent anywhere.
//
// In hour h somebody comes back `returns` times in `awayS` seconds of absence. What the decision uses
// is only how an hour differs from the others of this machine (scheduler/fit.ts says how). A prior
// stands in for hours that were never seen, and fades as they are.

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
/** Returns per hour of absence on the machines that hazard.ts was fitted to. */
const USUAL_PER_HOUR = 1.7;
/** What is expected before anything is seen, over the usual: in active hours, and at night. */
const PRIOR_ACTIVE = 1.1;
const PRIOR_NIGHT = 0.9;
/** Weight of what is expected of one hour, and of a machine, in hours of absence seen. */
const HOUR_PRIOR_HOURS = 4;
const OWN_PRIOR_HOURS = 240;
/** A busy hour counts for no more than this: few are seen often enough. An empty one may count for little. */
const RATIO_MIN = 0.1;
const RATIO_MAX = 1.4;

/**
 * Hours of the day, local time; `toHour` is the first that is not active any more: before `fromHour`,
 * on the next day.
 */
export interface ActiveHours {
  readonly fromHour: number;
  readonly toHour: number;
}

const nothingSeen: HourSummary = { awayS: 0, returns: 0 };

export const noRhythm: Rhythm = Array.from({ length: HOURS_PER_WEEK }, () => nothingSeen);

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
 * How soon absences end in the hours that the next `durationS` cross, over how soon they end in all
 * hours of this machine: 1 is as in these, 2 twice as soon. Bounded. How soon that is, their age tells
 * (absence-ages.ts).
 * @param minuteOfWeek local time, from Sunday midnight.
 * @param activeHours hours of the day in which people are expected until it is learnt.
 */
export function returnsOverOwn(
  rhythm: Rhythm,
  minuteOfWeek: number,
  durationS: number,
  activeHours: ActiveHours,
): number {
  const firstHour = Math.floor(minuteOfWeek / 60);
  const lastHour = Math.floor((minuteOfWeek + durationS / 60) / 60);
  const hourCount = Math.min(lastHour - firstHour + 1, HOURS_PER_WEEK);
  const own = ownOverUsual(rhythm);
  let sum = 0;
  for (let hour = firstHour; hour < firstHour + hourCount; hour += 1) {
    const hourOfWeek = hour % HOURS_PER_WEEK;
    const prior = own * (isActive(hourOfWeek % 24, activeHours) ? PRIOR_ACTIVE : PRIOR_NIGHT);
    sum += shrunk(rhythm[hourOfWeek] ?? nothingSeen, prior, HOUR_PRIOR_HOURS);
  }
  return Math.min(RATIO_MAX, Math.max(RATIO_MIN, sum / hourCount / own));
}

/** The machine on the whole, over the usual. */
function ownOverUsual(rhythm: Rhythm): number {
  let [awayS, returns] = [0, 0];
  for (const hour of rhythm) {
    awayS += hour.awayS;
    returns += hour.returns;
  }
  return shrunk({ awayS, returns }, 1, OWN_PRIOR_HOURS);
}

/** Returns an hour over the usual, drawn to `prior` as by so many hours seen. */
function shrunk({ awayS, returns }: HourSummary, prior: number, priorHours: number): number {
  return (returns / USUAL_PER_HOUR + prior * priorHours) / (awayS / HOUR_S + priorHours);
}

function isActive(hourOfDay: number, { fromHour, toHour }: ActiveHours): boolean {
  return fromHour < toHour
    ? hourOfDay >= fromHour && hourOfDay < toHour
    : hourOfDay >= fromHour || hourOfDay < toHour;
}
