import { closed, open, unknown, type GateResult } from './gate.js';
import type { Reason } from './reason.js';
import { thermalWords, valueOf, type Readings, type ThermalWord } from './reading.js';
import { witness } from './witness.js';
import { formatDuration } from './words.js';

/** Open unless a power saver mode is known to be on: somebody asked for less work. */
export function judgePowerSaver(readings: Readings): GateResult {
  const value = valueOf(readings, 'power.saver');
  if (value.kind !== 'flag' || !value.flag) return open;
  const message = 'a power saver mode is on';
  const seen = witness(readings, 'power.saver');
  return closed({ code: 'POWER_SAVER', message, measured: 'on', limit: 'off', ...seen });
}

/** Open up to `hottest`. Many machines have no such sensor; they protect themselves. */
export function judgeCool(hottest: ThermalWord, readings: Readings): GateResult {
  const value = valueOf(readings, 'thermal');
  if (value.kind !== 'word') return open;
  const is = (thermalWords as readonly string[]).indexOf(value.word);
  if (is <= thermalWords.indexOf(hottest)) return open;
  const message = `the machine's temperature is ${value.word}, the limit is ${hottest}`;
  const seen = witness(readings, 'thermal');
  return closed({ code: 'TOO_HOT', message, measured: value.word, limit: hottest, ...seen });
}

/** Open while the program is known not to run: what it uses is about to change under it. */
export function judgeAppClosed(path: string, readings: Readings): GateResult {
  const value = valueOf(readings, 'app.running', path);
  const seen = witness(readings, 'app.running', path);
  if (value.kind !== 'flag') {
    const why = value.kind === 'unknown' ? value.why : `it is a ${value.kind}`;
    const message = `whether ${path} runs is not known (${why})`;
    return unknown({ code: 'APP_UNKNOWN', message, limit: 'closed', ...seen });
  }
  if (!value.flag) return open;
  const message = `${path} is running`;
  return closed({ code: 'APP_IN_USE', message, measured: 'running', limit: 'closed', ...seen });
}

/** Open while nobody is known to hold the lock. Whoever finds it held after all says LOCK_HELD. */
export function judgeLockFree(name: string, readings: Readings): GateResult {
  const value = valueOf(readings, 'lock.held', name);
  if (value.kind !== 'flag' || !value.flag) return open;
  const message = `another program holds the lock of ${name}`;
  const seen = witness(readings, 'lock.held', name);
  return closed({ code: 'LOCK_HELD', message, measured: 'held', limit: 'free', ...seen });
}

/**
 * Open while no SSH or terminal session is active, as the sensors count it. Not knowing counts as a session:
 * whoever works from far away has no other way to say so.
 */
export function judgeNoRemoteSession(readings: Readings): GateResult {
  const value = valueOf(readings, 'session.remote');
  const seen = witness(readings, 'session.remote');
  if (value.kind !== 'flag') {
    const why = value.kind === 'unknown' ? value.why : `session.remote is a ${value.kind}`;
    const message = `whether a remote session is active is not known (${why}); that counts as one`;
    return unknown({ code: 'REMOTE_UNKNOWN', message, limit: 'none', ...seen });
  }
  if (!value.flag) return open;
  const message = 'an SSH or terminal session is active';
  return closed({ code: 'REMOTE_SESSION', message, measured: 'active', limit: 'none', ...seen });
}

/** Open when the machine has been set up, up, awake and logged in to for long enough: each by itself. */
export function judgeSettled(
  waits: {
    readonly setUpMs: number;
    readonly bootMs: number;
    readonly resumeMs: number;
    readonly loginMs: number;
  },
  readings: Readings,
  nowMs: number,
): GateResult {
  const since = [
    { signal: 'setup.at', waitMs: waits.setUpMs, what: 'was set up' },
    { signal: 'boot.at', waitMs: waits.bootMs, what: 'started' },
    { signal: 'resume.at', waitMs: waits.resumeMs, what: 'woke up' },
    { signal: 'login.at', waitMs: waits.loginMs, what: 'was logged in to' },
  ] as const;
  const [first, ...more] = since.flatMap(({ signal, waitMs, what }): Reason[] => {
    const value = valueOf(readings, signal);
    if (value.kind !== 'number' || Number.isNaN(value.number)) return [];
    const agoMs = nowMs - value.number;
    // An instant that lies ahead comes from a clock that was set; it keeps nothing waiting.
    if (agoMs < 0 || agoMs >= waitMs) return [];
    const message = `the machine ${what} ${formatDuration(agoMs)} ago, ${formatDuration(waitMs)} are waited`;
    return [
      {
        code: 'STARTING_UP',
        message,
        about: signal,
        measured: agoMs,
        limit: waitMs,
        unit: 'ms',
        sinceMs: value.number,
        untilMs: value.number + waitMs,
      },
    ];
  });
  return first === undefined ? open : closed(first, ...more);
}
