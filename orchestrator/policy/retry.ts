// What policy says of trying again.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Hosts pass on no longer wait of a server: the contract with updaters says so. */
export const ASKED_MS_MAX = DAY;

export interface RetryPolicy {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly installMs: number;
  /** After so many failures of an update: once a day. */
  readonly failuresMax: number;
  /** After so many in a row: not any more, until a person or another version comes. */
  readonly demotedAtCount: number;
  readonly giveUpMs: number;
  /** After content that is not what it was said to be; doubled with each, up to the longest. */
  readonly badContentMs: number;
  readonly badContentMsMax: number;
  /** The longest wait for a server where nobody knows whether the network leads anywhere. */
  readonly networkDownMs: number;
  /** A server that asks to be left alone for longer is asked again all the same. */
  readonly askedMsMax: number;
  /** Attempts at one run when the updater crashes or the host goes away. */
  readonly attemptsMax: number;
}

export const defaultRetry: RetryPolicy = {
  firstMs: 30 * SECOND, // Android.
  maxMs: 5 * HOUR, // The same.
  installMs: 30 * MINUTE, // Windows' OEM updates.
  failuresMax: 3, // The same.
  demotedAtCount: 12, // Zincati.
  giveUpMs: DAY, // The same.
  badContentMs: DAY, // ChromeOS.
  badContentMsMax: 16 * DAY, // The same.
  networkDownMs: 20 * MINUTE, // snapd.
  askedMsMax: ASKED_MS_MAX, // Chromium's updater.
  attemptsMax: 5, // Ours.
};
