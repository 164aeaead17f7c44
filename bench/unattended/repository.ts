// The two files by which apt knows a repository: what is in it, and who says so.

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
}

export interface PackageFile extends DebianPackage {
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** What stands in a package, and in the index of its repository. */
export function controlOf({ name, version }: DebianPackage): string {
  return [
    `Package: ${name}`,
    `Version: ${version}`,
    'Architecture: all',
    'Maintainer: Lull <lull@localhost>',
    'Description: made up, to be updated',
    '',
  ].join('\n');
}

export function indexOf(files: readonly PackageFile[]): string {
  return files
    .map(
      (each) =>
        `${controlOf(each)}Filename: ./${each.file}\nSize: ${String(each.sizeBytes)}\nSHA256: ${each.sha256}\n`,
    )
    .join('\n');
}

export function releaseOf(
  origin: string,
  index: { readonly sha256: string; readonly sizeBytes: number },
  at: Date,
): string {
  return [
    `Origin: ${origin}`,
    'Suite: stable',
    'Architectures: all',
    `Date: ${at.toUTCString().replace('GMT', '+0000')}`,
    'SHA256:',
    ` ${index.sha256} ${String(index.sizeBytes)} Packages`,
    '',
  ].join('\n');
}
