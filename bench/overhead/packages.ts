// Ten small programs of the registry, each at a version that is behind. Some have dependencies.

export interface Package {
  readonly name: string;
  readonly version: string;
}

export const oldPackages: readonly Package[] = [
  { name: 'json5', version: '2.2.0' },
  { name: 'js-yaml', version: '3.14.0' },
  { name: 'mkdirp', version: '1.0.4' },
  { name: 'semver', version: '7.3.0' },
  { name: 'rimraf', version: '3.0.2' },
  { name: 'which', version: '2.0.0' },
  { name: 'nopt', version: '5.0.0' },
  { name: 'acorn', version: '8.0.0' },
  { name: 'he', version: '1.1.1' },
  { name: 'cssesc', version: '2.0.0' },
];
