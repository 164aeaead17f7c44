// Which signals of a service are asked for: no more than are made something of. A program sends others as well,
// some of them all the time (NetworkManager the strength of each network in the air, a desktop whatever moves on
// it), and each one that comes wakes whoever asked for it.

/** By interface. */
export interface Heeds {
  /** Whose properties are followed. */
  readonly properties?: readonly string[];
  /** Whose own signals are. */
  readonly signals?: readonly string[];
}

export const PROPERTIES = 'org.freedesktop.DBus.Properties';
export const BUS = 'org.freedesktop.DBus';

/** @returns the rules by which the bus hands on signals of `service`, and whose its name is. */
export function rulesOf(service: string, { properties = [], signals = [] }: Heeds): string[] {
  const from = `type='signal',sender='${service}'`;
  return [
    ...properties.map((iface) => `${from},interface='${PROPERTIES}',arg0='${iface}'`),
    ...signals.map((iface) => `${from},interface='${iface}'`),
    `type='signal',sender='${BUS}',member='NameOwnerChanged',arg0='${service}'`,
  ];
}
