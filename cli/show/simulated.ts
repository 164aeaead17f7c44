import { weights } from '../../orchestrator/simulation/score.js';
import type { Simulated } from '../commands/simulate.js';
import { table } from './table.js';

const FAULTS_SHOWN = 5;

export function showSimulated(simulated: Simulated): string {
  const { source, deviceCount, updateCount, recording, policies, svgFile } = simulated;
  const { faults, mended } = recording;
  const head = [
    'policy',
    'done',
    'not allowed, mean',
    'p99',
    'time to update p50',
    'stopped',
    'missed',
    'cost',
    'regret',
  ];
  const rows = policies.map((each) => [
    each.name,
    `${(each.doneShare * 100).toFixed(1)} %`,
    `${each.notAllowedMeanS.toFixed(each.notAllowedMeanS < 0.1 ? 3 : 1)} s`,
    `${each.notAllowedP99S.toFixed(1)} s`,
    `${each.timeToUpdateP50H.toFixed(2)} h`,
    each.interruptionsMean.toFixed(2),
    String(each.missCount),
    each.costMean.toFixed(2),
    each.regretMean.toFixed(3),
  ]);
  const { perNotAllowedMinute, perHourWaited, perMiss } = weights;
  const parts = [
    `${source}: ${String(deviceCount)} devices, ${String(updateCount)} updates`,
    `put right: ${String(mended.touchingCount)} windows that touched, ${String(mended.emptyCount)} that were empty`,
    table([head, ...rows]),
    `cost: ${String(perNotAllowedMinute)} per minute not allowed, ${String(perHourWaited)} per hour waited, ${String(perMiss)} per deadline missed; regret: cost over the clairvoyant's`,
  ];
  if (faults.count > 0) {
    const more = faults.count - Math.min(FAULTS_SHOWN, faults.lines.length);
    const rest = more > 0 ? [`and ${String(more)} more`] : [];
    parts.splice(1, 0, ['left out:', ...faults.lines.slice(0, FAULTS_SHOWN), ...rest].join('\n  '));
  }
  if (svgFile !== undefined) parts.push(`drawn: ${svgFile}`);
  return parts.join('\n\n');
}
