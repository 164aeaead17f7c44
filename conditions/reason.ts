// Every reason code of Lull, in one closed table. `docs/reasons.md` is kept equal to it by a test.
//
// A code is stable, is a metric's label and is what scripts match on; the message is for people and
// carries the numbers that mattered.

export const reasons = {
  // Why something does not run now: the person and the machine.
  PERSON_PRESENT: 'A person is using the machine.',
  PERSON_JUST_LEFT: 'The person has not been away for long enough yet.',
  PRESENCE_UNKNOWN: 'No sensor can tell whether a person is there; that counts as present.',
  ON_BATTERY: 'The machine runs on battery.',
  AC_UNKNOWN: 'It is not known whether the machine is on mains.',
  BATTERY_LOW: 'The battery is lower than the action may start at.',
  BATTERY_UNKNOWN: 'The charge of the battery is not known.',
  CPU_BUSY: 'The processors are busy with something else.',
  DISK_BUSY: 'A disk is busy with something else.',
  MEMORY_FULL: 'Too little memory is available.',
  UNDER_PRESSURE: 'Tasks are waiting for a processor, a disk or memory.',
  LOAD_UNKNOWN: 'A measurement of load is missing.',
  ATTENTION_HELD: 'A person is in something that must not be disturbed.',
  POWER_SAVER: 'A power saver mode is on.',
  TOO_HOT: 'The machine is too hot.',
  METERED: 'Somebody pays for what is sent over this network.',
  METERED_UNKNOWN: 'It is not known whether the network is metered, and the download is large.',
  OFFLINE: 'The network is known to lead nowhere.',
  NETWORK_BUSY: 'Others are using the network.',
  APP_IN_USE: 'A program that has to be closed is running.',
  APP_UNKNOWN: 'It is not known whether a program that has to be closed is running.',
  REMOTE_SESSION: 'An SSH or terminal session is active.',
  REMOTE_UNKNOWN: 'Nobody can tell whether a remote session is active; that counts as one.',
  NO_SPACE: 'Too little disk space is free.',
  SPACE_UNKNOWN: 'The free disk space is not known.',

  // Why something does not run now: Lull itself.
  STARTING_UP: 'Lull, or the machine, started a moment ago.',
  UPDATER_NOT_ENABLED: 'Nobody has accepted this updater yet.',
  UPDATER_SUSPENDED: 'The updater was suspended.',
  ACCEPTANCE_EXPIRED: 'The updater was accepted for a time, which is over.',
  ACTION_NOT_DECLARED: 'The manifest does not declare this action.',
  HELD: 'An operator holds it back.',
  VETOED: 'Somebody objects to updates for now.',
  TRIPPED: 'The trip switch is on: nothing runs.',
  OUTSIDE_WINDOW: 'It is not a time at which policy lets anything start.',
  ACTIVE_HOURS: 'The machine does not restart at hours in which a person is expected.',
  QUIET_TOO_SHORT: 'The person is likely to come back before a section that cannot be frozen ends.',
  NEEDS_OPERATOR: 'A restart is asked for and never taken: somebody has to want it.',
  RESTART_DUE: 'The machine restarts once nothing else is under way, after a warning.',
  BREAKER_OPEN: 'The updater crashed or hung too often; it gets a rest.',
  QUOTA:
    'The updater has started as many runs as it may, beside those that get an update a step on.',
  JOURNAL_QUOTA: 'The machine, or the updater, has said more than a journal takes of one in a day.',
  CONFLICT: 'Something that must not run beside it is running.',
  SCAN_NOT_DUE: 'The last scan is recent enough.',
  RETRY_LATER: 'The attempt before failed; the next one waits.',
  GAVE_UP: 'It failed too often; a person has to look.',
  MARKED_BAD: 'This very content was installed here, did not work, and was put back.',
  LOST: 'What was installed does not work, and the version before could not be put back.',
  SLOT_TAKEN: 'Another run has the slot.',
  GROUP_FULL: 'As many machines of its group as may are changing something.',
  RING_WAITS: 'The ring of the rollout that this machine is in has not opened yet.',
  ROLLOUT_STOPPED: 'The rollout of this update through the fleet was stopped.',
  HOST_NOT_ATTACHED: 'No plugin-host is connected.',
  CONFINEMENT_UNKNOWN: 'It is not known yet how strongly updaters are confined here.',
  CONFINEMENT_WEAK: 'Updaters are confined less strongly here than policy wants.',

  // Why a run was paused or stopped.
  LEASE_LOST: 'The orchestrator has not renewed the lease.',
  OPERATOR: 'An operator asked for it.',
  SHUTTING_DOWN: 'Lull is stopping.',
  SUPERSEDED: 'A newer grant took the place of this one.',
  GAVE_WAY: 'It was held up for long, and gave its slot to what could run.',

  // Why a run failed.
  LAUNCH_FAILED: 'The sandbox could not be started.',
  NEVER_SERVED: 'The updater did not serve within its time.',
  UPDATER_CRASHED: 'The updater ended in the middle of a call.',
  TIME_LIMIT: 'The action took longer than it may.',
  CRITICAL_OVERRUN: 'A section in which it may not be frozen took longer than it may.',
  FREEZE_FAILED: 'It went on after it was frozen, and was killed.',
  CONTRACT_BROKEN: 'The updater answered what the contract does not allow.',
  HOST_LOST: 'The plugin-host went away in mid-run; the run is repeated.',
  UPSTREAM_DOWN: 'A server that the updater needs did not answer.',
  DIGEST_MISMATCH: 'Content is not what it was said to be.',
  APPLY_FAILED: 'The installation failed.',
  VERIFY_FAILED: 'What was installed does not work.',
  GRANT_MISSING: 'The updater asked for something that was not granted.',
  VENDOR_REASON: 'The updater gave a reason of its own; the message has it.',

  // Why a bundle was refused.
  SIGNATURE_MISSING: 'The manifest is not signed.',
  SIGNATURE_INVALID: 'No signature of the manifest is good.',
  PUBLISHER_UNKNOWN: 'Policy trusts no key for this publisher and id.',
  MANIFEST_INVALID: 'The manifest does not follow its schema.',
  BUNDLE_INVALID: 'The bundle holds what a bundle may not hold.',
  SCOPE_REFUSED: 'The manifest asks for a scope that policy does not allow.',
  VERSION_TAKEN: 'Another bundle has this id and version.',
  VERSION_DOWNGRADE: 'A newer version was here already.',
  ID_TAKEN: 'Another publisher holds this id.',
  SETTING_MISSING: 'A setting that the manifest requires has no value.',

  // What a call is answered with.
  FIELD_INVALID: 'A request is malformed; the message names the field.',
  CAPABILITY_ABSENT: 'The updater does not offer what was asked of it.',
  RUN_PENDING: 'Another run has the updater or its update.',
  LOCK_HELD: 'Another program holds a lock that the updater needs.',
  RATE_LIMITED: 'More was asked at once, or in a short time, than is allowed.',
  TOKEN_INVALID: 'A call did not carry the token of its launch.',
  ALREADY_COMMITTED: 'The run has committed another tree to this root.',
  NO_PREVIOUS: 'No version before is kept, so there is nothing to go back to.',
  NOT_RECORDED: 'It is in force, but the journal has not taken it: a restart would lose it.',
  JOURNAL_BUSY: 'More waits for the journal than it can take; what is not in it does not happen.',
  JOURNAL_LOST: 'The server does not have the journal any more that was seen on it.',
  JOURNAL_NEWER: 'The journal has an entry of a kind that this version of Lull does not know.',
  FACT_TOO_LARGE: 'What was said takes more than an entry of the journal holds.',
  FLEET_BUSY: 'Nobody in the fleet could answer or write this just now, or another one just has.',
  ANSWER_TOO_LARGE: 'What was asked for does not fit into one message between orchestrators.',
  RUN_OVER: 'The run had ended when the host came to do what was asked.',
  CANCELLED: 'The host cut a call to the updater.',
  UPDATER_ERROR: 'The updater met an error that it did not expect.',
  HOST_ERROR: 'The host answered the updater with an error and no reason.',
  UNKNOWN_UPDATER: 'No updater with this id, or this version of it, is registered.',
  UNKNOWN_SUBJECT: 'Nothing of this name waits, runs or ran.',
  UNKNOWN_HOST: 'No machine of the fleet has this name.',
  UNKNOWN_GROUP: 'The policy has no group of this name.',
  HOST_DUPLICATE: 'Another machine goes by the name of this one; only the newer one is heard.',
  AMBIGUOUS_SUBJECT: 'More than one thing has this name.',
  ORDERS_FULL: 'As many orders of this kind as may be are in force.',
  ROLE_FORBIDS: 'The role that the certificate names does not extend to this.',
  INTERNAL: 'Lull itself failed; the message and its log say how.',
} as const;

export type ReasonCode = keyof typeof reasons;

export type Unit = '%' | 'B' | 'B/s' | 'ms' | 'count';

export interface Reason {
  readonly code: ReasonCode;
  readonly message: string;
  /** What it is about, where one code may stand for several: a reading's key, a run, an order. */
  readonly about?: string;
  /** What was measured, and what it was held against: numbers in `unit`, words where there is none. */
  readonly measured?: number | string;
  readonly limit?: number | string;
  readonly unit?: Unit;
  /** Since when it stands, as far as that is known, ms since the epoch. */
  readonly sinceMs?: number;
  /** When it is known to end, ms since the epoch. */
  readonly untilMs?: number;
}

export function isReasonCode(code: string): code is ReasonCode {
  return Object.hasOwn(reasons, code);
}

/** A reason with the table's words, where there is nothing more to say. */
export function plainReason(code: ReasonCode): Reason {
  return { code, message: reasons[code] };
}
