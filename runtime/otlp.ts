// Where OpenTelemetry's environment variables say that spans and figures go.

export type Environment = Readonly<Record<string, string | undefined>>;
export type Signal = 'traces' | 'metrics';

const variables = {
  traces: { own: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', exporter: 'OTEL_TRACES_EXPORTER' },
  metrics: { own: 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', exporter: 'OTEL_METRICS_EXPORTER' },
} as const;

/** @returns undefined when it is off. @throws Error when what is set is no http(s) URL. */
export function endpointOf(signal: Signal, env: Environment): string | undefined {
  const names = variables[signal];
  if (env['OTEL_SDK_DISABLED'] === 'true' || env[names.exporter] === 'none') return undefined;
  const own = env[names.own] ?? '';
  if (own !== '') return webUrl(names.own, own);
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  if (base === '') return undefined;
  return webUrl('OTEL_EXPORTER_OTLP_ENDPOINT', `${base.replace(/\/$/, '')}/v1/${signal}`);
}

function webUrl(variable: string, text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new Error(
    `${variable} is not an http(s) URL. Correct it, or unset it to run without traces and figures.`,
  );
}
