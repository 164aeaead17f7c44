// What is typed wrongly, and by whom: one line that says what to do, and the right exit code.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const main = fileURLToPath(new URL('../lull/main.js', import.meta.url));
let directory = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-cli-'));
  writeFileSync(join(directory, 'file'), '');
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function lull(words: readonly string[], user?: number) {
  const as = user === undefined ? {} : { uid: user, gid: user };
  const places = { LULL_RUN: join(directory, 'run'), LULL_STATE: join(directory, 'state') };
  const env = { PATH: process.env['PATH'], ...places };
  const options = { encoding: 'utf8', timeout: 30_000, cwd: directory, env, ...as } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], options);
  return { status, stdout, stderr };
}

function rotate(...what: string[]): string[] {
  return ['keys', 'rotate', 'keys', ...what];
}

test.each<[string, string[], number, RegExp]>([
  ['a verb that there is not', ['statsu'], 1, /^error: unknown command 'statsu'/],
  ['help of a verb that there is not', ['statsu', '--help'], 1, /^error: unknown command 'statsu'/],
  ['the same in other words', ['help', 'statsu'], 1, /^error: unknown command 'statsu'/],
  ['help of half a verb', ['audit', 'verfy', '-h'], 1, /^error: unknown command 'verfy'/],
  ['an option that is missing', ['hold', 'x'], 1, /^error: required option '--why <text>'/],
  ['a count that is none', ['history', '--count', 'x'], 2, /^lull: --count wants 1 to /],
  ['an entry that is none', ['audit', 'log', '--from', '0'], 2, /^lull: --from wants 1 to /],
  ['a speed, and nothing to play', ['up', '--speed', '5'], 2, /wants --replay as well/],
  ['whom to draw, and no drawing', ['simulate', '--device', '0'], 2, /wants --svg as well/],
  ['an update all the time', ['simulate', '--every', '30s'], 2, /^lull: --every wants a minute/],
  ['user ids the wrong way round', ['up', '--uids', '5-3'], 2, /^lull: --uids wants two ids/],
  [
    'a time that is none',
    ['presence', 'away', '--for', 'abc'],
    2,
    /^lull: --for wants seconds, or/,
  ],
  [
    'a machine without a name',
    ['--host', '', 'pause-all', '--why', 'x'],
    2,
    /^lull: --host is empty/,
  ],
  ['no machine at all', ['--host', '', 'fleet', 'hosts'], 2, /^lull: --host is empty/],
  ['one machine, for all', ['--host', 'k', 'updaters', 'remove', 'x'], 2, /is about all machines/],
  ['a bundle for one machine', ['--host', 'k', 'updaters', 'add', 'x'], 2, /is about all machines/],
  [
    'a halt of one machine',
    ['--host', 'k', 'fleet', 'halt', '--why', 'x'],
    2,
    /leave it out\. Verbs/,
  ],
  [
    'another machine is left',
    ['--host', 'k', 'presence', 'away'],
    2,
    /that it is typed on: leave it/,
  ],
  ['a week and a day', ['presence', 'away', '--for', '8d'], 2, /at most 7d, not "8d"$/m],
  ['no time at all', ['presence', 'away', '--for', '0'], 2, /^lull: --for wants seconds, or/],
  [
    'a time without a unit',
    ['hold', 'x', '--why', 'w', '--for', '4'],
    2,
    /wants a duration such as/,
  ],
  ['hours that are none', ['forecast', '--hours', '0'], 2, /^lull: --hours wants 1 to 744/],
  ['a level that there is not', ['up', '--log-level', 'loud'], 2, /^error: option '--log-level/],
  ['a part that there is not', ['health', '--only', 'kitchen'], 2, /^error: option '--only/],
  [
    'a fleet at no server',
    ['up', '--nats', 'http://x'],
    2,
    /^lull: "http:\/\/x" is no NATS server/,
  ],
  [
    'no name',
    ['up', '--nats', 'nats://x', '--name', 'A B'],
    2,
    /^lull: --name "A B" names nothing/,
  ],
  ['no id', ['up', '--nats', 'nats://x', '--host-id', 'A.B'], 2, /^lull: --host-id "A.B" names/],
  ['a journal nowhere', ['up', '--journal', 'http://x/y'], 2, /is no place for a journal/],
  ['no copy', ['up', '--journal-copies', '0x2'], 2, /^lull: --journal-copies wants 1 to 5/],
  [
    'settings of what is not accepted',
    ['updaters', 'add', 'x', '--set', 'a=b'],
    2,
    /wants --enable/,
  ],
  [
    'a machine in no fleet',
    ['up', '--host-id', 'k'],
    2,
    /^lull: --host-id is .* --nats .* as well/,
  ],
  ['an orchestrator of none', ['up', '--name', 'o'], 2, /^lull: --name is .* --nats .* as well/],
  ['two journals', ['up', '--nats', 'nats://x', '--journal', 'j.db'], 2, /leave one of both out/],
  ['power and no screen', ['simulate', '--power', 'file'], 2, /wants --trace as well/],
  ['a halt for a while', ['fleet', 'halt', 'x', '--why', 'w', '--for', '1h'], 2, /leave it out$/m],
  ['many of one run', ['history', '7', '--count', '3'], 2, /^lull: --count is of runs/],
  ['a reason taken back', ['inhibit', 'why', '--release', '1'], 2, /leave the reason out/],
  ['how long a list is', ['inhibit', '--for', '1h'], 2, /^lull: --for .* wants one as well/],
  [
    'both authorities',
    rotate('--authority', '--retire-authorities'),
    2,
    /--authority and --retire/,
  ],
  ['an authority for all', rotate('--authority', '--all'), 2, /^lull: say one of --all and --auth/],
  [
    'an authority for one',
    rotate('host', 'k', '--authority'),
    2,
    /^lull: say one of ROLE NAME and/,
  ],
  ['one of all', rotate('host', 'k', '--all'), 2, /^lull: say one of ROLE NAME and --all/],
  ['a month of recording', ['record', 'x', '--for', '30d'], 2, /at most 24d, not "30d"$/m],
  ['a time that is too long', ['inhibit', 'x', '--for', '15d'], 2, /at most 14d, not "15d"$/m],
  ['a key that is not there', ['up', '--trust-key', 'no'], 1, /^lull: the trusted key cannot be/],
  ['a bundle that is not there', ['updaters', 'add', 'no'], 1, /^lull: the bundle cannot be read/],
  [
    'a file where a directory has to be',
    ['--state', 'file', 'up', '--only', 'sensor-service'],
    1,
    /file cannot be used: .*\. Choose another with --state\n$/,
  ],
])('%s', (_what, words, code, line) => {
  const { status, stdout, stderr } = lull(words);
  expect(stderr).toMatch(line);
  expect(status).toBe(code);
  expect(stdout).toBe('');
  // The line itself, a word that may have been meant, and where to read more.
  expect(
    stderr
      .trimEnd()
      .split('\n')
      .filter((each) => each !== '').length,
  ).toBeLessThan(4);
});

test('a policy is checked before it counts, without a Lull that runs', () => {
  const check = (text: string) => {
    writeFileSync(join(directory, 'policy.yaml'), text);
    return lull(['policy', 'check', 'policy.yaml']);
  };
  expect(check('waiting: { away: 3m }')).toMatchObject({
    ...{ status: 0, stdout: 'policy.yaml is a policy\n', stderr: '' },
  });
  expect(check('# nothing yet').stdout).toMatch(/^policy\.yaml says nothing: .* with {} in it\n$/);
  const wrong = check('waitng: {}\ntime_zone: Mars\nbattery: { start: 5, continue: 9 }');
  expect(wrong).toMatchObject({ status: 1, stdout: '' });
  expect(wrong.stderr.trimEnd().split('\n')).toHaveLength(4);
  expect(lull(['policy', 'check', 'none']).stderr).toMatch(/^lull: the policy cannot be read: /);
});

test('the help fits into eighty columns', () => {
  const lines = ['', 'up', 'presence'].flatMap((verb) =>
    lull([...(verb === '' ? [] : [verb]), '--help']).stdout.split('\n'),
  );
  expect(lines.length).toBeGreaterThan(50);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test.each(['up', 'fleetlock', 'record', 'inhibit', 'forecast'])(
  'the help of "%s" says of every option what it is for, and what it is at most',
  (verb) => {
    const { stdout } = lull([verb, '--help']);
    const [, options = ''] = stdout.split('Options:\n');
    const each = options.split(/\n(?= {2}-)/);
    expect(each.length).toBeGreaterThan(1);
    expect(each.filter((text) => /^ +--?\S+( <[^>]+>)?\s*(\(|$)/.test(text))).toEqual([]);
    if (options.includes('--for')) expect(options).toMatch(/at most\s+\d+d/);
  },
);

/** Whether any user may start what lies there: not in a closed home, for one. */
function isOpen(path: string): boolean {
  const parent = dirname(path);
  return parent === path || ((statSync(parent).mode & 0o001) !== 0 && isOpen(parent));
}

// Containers have such users.
const canBeOther = process.getuid?.() === 0 && isOpen(process.execPath) && isOpen(main);
const testAsOther = canBeOther ? test : test.skip;
test("what every command takes is named below each one's help, and where to begin below all", () => {
  expect(lull(['hold', '--help']).stdout).toMatch(/--json among them, are in "lull --help"\.\n$/);
  expect(lull(['--help']).stdout).toMatch(/Where to begin:\n {2}lull up/);
  expect(lull(['hold', 'x']).stderr).toContain('"lull --help" lists what there is');
});

testAsOther('a user without a name is answered like everybody', () => {
  expect(lull(['--version'], 54_321)).toMatchObject({ status: 0, stderr: '' });
  expect(lull(['status'], 54_321).stderr).toMatch(/^lull: .* is not open to you: .* with sudo\.$/m);
});

test('whoever reads only the beginning has what it wants, and nothing is said of it', () => {
  const policy = join(directory, 'policy.yaml');
  writeFileSync(policy, 'holds: []');
  const script = `"$0" "$@" | true; echo "\${PIPESTATUS[0]}"`;
  const words = [process.execPath, main, 'policy', 'check', policy];
  const options = { encoding: 'utf8', timeout: 30_000 } as const;
  const { stdout, stderr } = spawnSync('bash', ['-c', script, ...words], options);
  expect([stdout, stderr]).toEqual(['0\n', '']);
});

test.each([
  [['help', 'audit', 'verify']],
  [['audit', 'help', 'verify']],
  [['audit', 'verify', '-h']],
])('%j is the help of that command', (words) => {
  const { status, stdout } = lull(words);
  expect(stdout).toMatch(/^Usage: lull audit verify /);
  expect(status).toBe(0);
});
