// What a policy file says, laid over the defaults.

import {
  attentionSignals,
  percentSignals,
  type AttentionSignal,
  type PercentSignal,
} from '../../conditions/reading.js';
import type { PolicyFile } from './file.schema.js';
import { defaultPolicy, type DeadlineRule, type Policy } from './policy.js';

/** @param machineTimeZone where the file names none. */
export function overDefaults(file: PolicyFile, machineTimeZone: string): Policy {
  const base = defaultPolicy;
  const { waiting, battery, retry, breaker, disk, network, deadlines, orders } = file;
  const megabytes = (mb: number | undefined, otherwise: number): number =>
    mb === undefined ? otherwise : mb * 1_000_000;
  const kilobytes = (kb: number | undefined, otherwise: number): number =>
    kb === undefined ? otherwise : kb * 1_000;
  const rate = (kb: number | 'off' | undefined, otherwise: number): number =>
    kb === 'off' ? Number.POSITIVE_INFINITY : kilobytes(kb, otherwise);
  return {
    ...base,
    publishers: file.publishers ?? base.publishers,
    scopes: file.scopes ?? base.scopes,
    confinement: file.confinement ?? base.confinement,
    holds: file.holds ?? base.holds,
    orderMsMax: {
      hold: orders?.hold ?? base.orderMsMax.hold,
      veto: orders?.veto ?? base.orderMsMax.veto,
      switch: orders?.pause_all ?? base.orderMsMax.switch,
    },
    groups: file.groups ?? base.groups,
    rollout: {
      rings: file.rollout?.rings ?? base.rollout.rings,
      failuresMax: file.rollout?.failures ?? base.rollout.failuresMax,
    },
    waiting: {
      awayMs: waiting?.away ?? base.waiting.awayMs,
      awayForInstallMs: waiting?.away_for_install ?? base.waiting.awayForInstallMs,
      awayToResumeMs: waiting?.away_to_resume ?? base.waiting.awayToResumeMs,
      betweenResumesMs: waiting?.between_resumes ?? base.waiting.betweenResumesMs,
      giveWayMs: waiting?.give_way ?? base.waiting.giveWayMs,
      lockedMs: waiting?.locked ?? base.waiting.lockedMs,
      darkMs: waiting?.dark ?? base.waiting.darkMs,
      appMs: waiting?.app ?? base.waiting.appMs,
      startUpMs: waiting?.start_up ?? base.waiting.startUpMs,
      setUpMs: waiting?.set_up ?? base.waiting.setUpMs,
      bootMs: waiting?.boot ?? base.waiting.bootMs,
      resumeMs: waiting?.resume ?? base.waiting.resumeMs,
      loginMs: waiting?.login ?? base.waiting.loginMs,
    },
    timeZone: file.time_zone ?? machineTimeZone,
    windows: file.windows ?? base.windows,
    activeHours:
      file.active_hours === undefined
        ? base.activeHours
        : { fromHour: file.active_hours.from, toHour: file.active_hours.to },
    deadlines: {
      critical: mergedDeadline(deadlines?.critical, base.deadlines.critical),
      security: mergedDeadline(deadlines?.security, base.deadlines.security),
      others: mergedDeadline(deadlines?.others, base.deadlines.others),
    },
    intrusion: { ...base.intrusion, ...defined(file.intrusion) },
    quietChance: { ...base.quietChance, ...defined(file.quiet_chance) },
    restarts: file.restarts ?? base.restarts,
    restartWarningMs: file.restart_warning ?? base.restartWarningMs,
    slots: { ...base.slots, ...defined(file.slots) },
    runsPerMinuteMax: file.quotas?.runs_per_minute ?? base.runsPerMinuteMax,
    callsPerMinuteMax: file.quotas?.calls_per_minute ?? base.callsPerMinuteMax,
    keepAwakeMsMax: file.keep_awake ?? base.keepAwakeMsMax,
    breaker: {
      failuresMax: breaker?.failures ?? base.breaker.failuresMax,
      windowMs: breaker?.window ?? base.breaker.windowMs,
      pauseMs: breaker?.pause ?? base.breaker.pauseMs,
    },
    load: mergedLoad(file.load),
    ignoredAttention: attentionSignals.filter(
      (signal) => file.attention?.[nameOf(signal)] === 'off',
    ),
    heat: { ...base.heat, ...defined(file.heat) },
    network: {
      othersBytesPerSMax: kilobytes(network?.others_kb_per_s, base.network.othersBytesPerSMax),
      bytesPerSMax: rate(network?.kb_per_s, base.network.bytesPerSMax),
      engagedBytesPerSMax: rate(network?.engaged_kb_per_s, base.network.engagedBytesPerSMax),
      meteredBytesMax: megabytes(network?.metered_mb, base.network.meteredBytesMax),
      meteredUnknownBytesMax: megabytes(
        network?.metered_unknown_mb,
        base.network.meteredUnknownBytesMax,
      ),
      privateHosts: network?.private_hosts ?? base.network.privateHosts,
    },
    battery: {
      startPercent: battery?.start ?? base.battery.startPercent,
      continuePercent: battery?.continue ?? base.battery.continuePercent,
    },
    disk: {
      ...base.disk,
      freeBytesMin: megabytes(disk?.free_min_mb, base.disk.freeBytesMin),
      previousVersions: disk?.previous_versions ?? base.disk.previousVersions,
      keepWithdrawnMs: disk?.keep_withdrawn ?? base.disk.keepWithdrawnMs,
      readBytesPerSMax: rate(disk?.read_kb_per_s, base.disk.readBytesPerSMax),
      writeBytesPerSMax: rate(disk?.write_kb_per_s, base.disk.writeBytesPerSMax),
    },
    retry: {
      firstMs: retry?.first ?? base.retry.firstMs,
      maxMs: retry?.max ?? base.retry.maxMs,
      installMs: retry?.install ?? base.retry.installMs,
      failuresMax: retry?.failures ?? base.retry.failuresMax,
      giveUpMs: retry?.give_up ?? base.retry.giveUpMs,
      demotedAtCount: retry?.demoted_at ?? base.retry.demotedAtCount,
      badContentMs: retry?.bad_content ?? base.retry.badContentMs,
      badContentMsMax: retry?.bad_content_max ?? base.retry.badContentMsMax,
      networkDownMs: retry?.network_down ?? base.retry.networkDownMs,
      askedMsMax: retry?.asked_max ?? base.retry.askedMsMax,
      attemptsMax: retry?.attempts ?? base.retry.attemptsMax,
    },
  };
}

function mergedDeadline(
  given: { readonly after?: number | undefined; readonly grace?: number | undefined } | undefined,
  rule: DeadlineRule,
): DeadlineRule {
  return {
    deadlineMs: given?.after ?? rule.deadlineMs,
    graceMs: given?.grace ?? rule.graceMs,
  };
}

/** What was given, without what was left out. */
function defined<T extends object>(given: T | undefined): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}

/** As a policy file calls it: "attention.call" is a section and a key. */
function nameOf(signal: AttentionSignal): keyof NonNullable<PolicyFile['attention']> {
  return signal.slice('attention.'.length) as keyof NonNullable<PolicyFile['attention']>;
}

function mergedLoad(given: PolicyFile['load']): Policy['load'] {
  const merged: Partial<Record<PercentSignal, number>> = {};
  for (const signal of percentSignals) {
    const value = given?.[signal] ?? defaultPolicy.load[signal];
    if (typeof value === 'number') merged[signal] = value;
  }
  return merged;
}
