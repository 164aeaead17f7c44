// lull bundle: for vendors. The code that packs is loaded here alone.

import type { Command } from 'commander';
import { write } from '../output.js';
import type { Here } from './here.js';

export function addBundle(program: Command, here: Here): void {
  const bundle = program.command('bundle').description('for vendors: make a key, pack and sign');
  const commands = () => import('../commands/bundle.js');
  bundle
    .command('key <file>')
    .description('make an Ed25519 key and print its public half')
    .action(async (file: string) => {
      const { createKey } = await commands();
      write(createKey(file), here.json(), ({ publicKey }) => publicKey);
    });
  bundle
    .command('pack <directory>')
    .description('pack a directory, sign it, write a .lull file')
    .requiredOption('--manifest <file>', 'the manifest without its "bundle" member')
    .requiredOption('--out <file>', 'the .lull file')
    .option('--key <file...>', 'private key to sign with', [])
    .action(async (directory: string, given: { manifest: string; out: string; key: string[] }) => {
      const { packBundle } = await commands();
      const packed = await packBundle({
        directory,
        manifestFile: given.manifest,
        keyFiles: given.key,
        out: given.out,
      });
      write(packed, here.json(), ({ id, version: v, signedBy }) => {
        const unsigned =
          signedBy.length === 0 ? ', not signed: no Lull takes it without --key' : '';
        return `${given.out}: ${id} ${v}${unsigned}`;
      });
    });
}
