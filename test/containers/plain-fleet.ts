// A fleet without keys, for a Lull that does not make any yet: docker-compose.yml with a nats-server that
// takes in whoever knows a password. Goes when `lull keys` is there.

const url = 'nats://lull:lull@nats:4222';
const names = ['LULL_NATS_CA', 'LULL_NATS_CERT', 'LULL_NATS_KEY', 'LULL_NATS_CREDS'];
const environment = {
  LULL_NATS: url,
  ...Object.fromEntries(names.map((name) => [name, null])),
};

/** What is laid over docker-compose.yml. @param confFile the path of `plainConf` as a file. */
export function plainServices(confFile: string): Readonly<Record<string, object>> {
  return {
    keys: { entrypoint: ['sh', '-c', 'exit 0'] },
    nats: {
      command: ['-c', '/etc/plain.conf', '-m', '8222'],
      volumes: [`${confFile}:/etc/plain.conf:ro`],
    },
    'orchestrator-a': { environment },
    'orchestrator-b': { environment },
    machine: { environment },
  };
}

export const plainConf = `
listen: 0.0.0.0:4222
jetstream { store_dir: /data/jetstream, sync_interval: always }
accounts {
  SYSTEM { users: [{ user: system, password: system }]
           exports: [{ service: "$SYS.REQ.SERVER.PING.JSZ" }] }
  LULL   { jetstream: enabled, users: [{ user: lull, password: lull }]
           imports: [{ service: { account: SYSTEM, subject: "$SYS.REQ.SERVER.PING.JSZ" } }] }
}
system_account: SYSTEM
`;
