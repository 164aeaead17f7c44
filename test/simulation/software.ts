// The software of a simulated machine: what there is to update, and how far it has come. It lies on
// the machine's disk and survives everything.

import { signEnvelope } from '../../bundle/envelope.js';
import type { Fact } from '../../orchestrator/journal/fact.js';
import type { Update } from '../../orchestrator/runs/update.js';
import { sceneUpdate } from '../../orchestrator/simulation/scene.js';
import type { Chance } from '../../orchestrator/simulation/seeded.js';

const SHA256 = 'c'.repeat(64);
const plain = ['download', 'install', 'verify'] as const;
const restarting = ['download', 'install', 'reboot', 'verify'] as const;
type Step = (typeof restarting)[number];
/** What some manifests declare as the longest section that cannot be frozen. */
const SECTION_S = 20;

export interface Program {
  readonly updaterId: string;
  readonly update: Update;
  readonly steps: readonly Step[];
  /** What it installs does not work, as its verify finds. */
  readonly isBad: boolean;
  /** How many of its steps are done. */
  doneCount: number;
}

export class Software {
  readonly updaterIds: readonly string[];
  readonly programs: readonly Program[];
  private readonly sections: ReadonlyMap<string, number>;

  constructor(chance: Chance) {
    this.updaterIds = Array.from(
      { length: 1 + chance.below(3) },
      (_, i) => `com.example.u${String(i)}`,
    );
    this.programs = this.updaterIds.flatMap((updaterId) =>
      Array.from({ length: chance.below(4) }, (_, i) => ({
        updaterId,
        update: updateOf(`p${String(i)}`, chance),
        steps: chance.below(4) === 0 ? restarting : plain,
        isBad: chance.below(10) === 0,
        doneCount: 0,
      })),
    );
    this.sections = new Map(
      this.updaterIds.map((id) => [id, chance.below(2) === 0 ? SECTION_S : 0]),
    );
  }

  /** What a scan finds. */
  pending(updaterId: string): Update[] {
    return this.programs
      .filter(
        (program) => program.updaterId === updaterId && program.doneCount < program.steps.length,
      )
      .map(({ update, steps, doneCount }) => ({
        ...update,
        nextAction: steps[doneCount] ?? 'verify',
      }));
  }

  /** Does a step; doing it again changes nothing. @returns the step that comes next. */
  perform(updaterId: string, updateId: string, step: string): Step | 'done' | 'gone' | 'broken' {
    const program = this.programs.find(
      (each) => each.updaterId === updaterId && each.update.id === updateId,
    );
    const index = program?.steps.findIndex((each) => each === step) ?? -1;
    if (program === undefined || index === -1) return 'gone';
    if (program.isBad && step === 'verify') return 'broken';
    program.doneCount = Math.max(program.doneCount, index + 1);
    return program.steps[index + 1] ?? 'done';
  }

  /** What was there before its install, by the receipt of that, is there again. */
  putBack(receiptId: string): void {
    const program = this.programs.find((each) => receiptOf(each) === receiptId);
    if (program === undefined) throw new Error(`nobody has a receipt ${receiptId}`);
    program.doneCount = Math.min(program.doneCount, program.steps.indexOf('install'));
  }

  /** How long what an updater changes cannot be frozen at the most, as its manifest says. */
  sectionS(updaterId: string): number {
    return this.sections.get(updaterId) ?? 0;
  }

  /** The facts of an updater that was registered and accepted. */
  acceptance(id: string): Fact[] {
    return [
      {
        kind: 'updater.submitted',
        id,
        version: '1.0.0',
        publisher: 'example',
        bundleSha256: SHA256,
        envelope: envelopeOf(id, this.sectionS(id)),
        keyIds: [],
      },
      enabled(id),
    ];
  }
}

/** Of its install, which is always the same one. */
export function receiptOf({ updaterId, update }: Pick<Program, 'updaterId' | 'update'>): string {
  return `receipt of ${updaterId} ${update.id}`;
}

function updateOf(id: string, chance: Chance): Update {
  const lock = chance.below(4) === 0 ? ['lock:dpkg'] : [];
  const key = chance.below(3) === 0 ? ['shared'] : [];
  return sceneUpdate({
    id,
    title: `Program ${id}`,
    security: chance.below(4) === 0,
    exclusive: chance.below(4) === 0,
    conflictKeys: [...lock, ...key],
    nextAction: 'download',
  });
}

export function enabled(id: string): Fact {
  return {
    kind: 'updater.enabled',
    id,
    version: '1.0.0',
    bundleSha256: SHA256,
    settings: [],
    attestation: 'simulated',
    actor: 'operator',
  };
}

function envelopeOf(id: string, sectionS: number): string {
  const manifest = {
    contract: 'lull.updater.v1',
    id,
    version: '1.0.0',
    publisher: 'example',
    title: 'Example',
    platforms: ['linux'],
    bundle: { sha256: SHA256, size: 1, files: [{ path: 'main', size: 1, sha256: SHA256 }] },
    entrypoint: ['./main'],
    runtime: 'host',
    actions: [...restarting],
    scope: 'user-mode',
    critical_max_s: sectionS,
    limits: { memory_mb: 64, processes: 8, disk_mb: 100 },
    scan: { sla_h: 1, floor_h: 0 },
  };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  return Buffer.from(signEnvelope(bytes, [])).toString('base64');
}
