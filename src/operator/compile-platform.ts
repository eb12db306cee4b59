import { durationMs } from '../api/form.ts';
import type { PlatformConfig } from '../api/platform.ts';
import { statedCallPolicy } from '../api/call-settings.ts';
import { selectorMatches } from '../api/reference.ts';
import { encodeRecord, type ErrorPolicy, type PlatformRecord, type Provider } from '../core/record.ts';
import type { Subject } from '../core/subject.ts';
import { digest } from './compile-subject.ts';

/**
 * Compiles the platform part of the configuration. Mandatory Teams with a namespace selector become lists by namespace,
 * so that a proxy needs no labels.
 */
export function compilePlatform(
  platform: PlatformConfig,
  namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>,
): PlatformRecord {
  const mandatory = platform.mandatoryTeams ?? [];
  const everywhere = mandatory.filter((entry) => entry.namespaces === undefined).map((entry) => teamOf(entry.teamRef));
  const selected = mandatory.filter((entry) => entry.namespaces !== undefined);
  const namespaceTeams: Record<string, Subject[]> = {};
  for (const [namespace, labels] of [...namespaces].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const teams = selected.filter((entry) => selectorMatches(entry.namespaces ?? {}, labels));
    if (teams.length > 0) namespaceTeams[namespace] = teams.map((entry) => teamOf(entry.teamRef));
  }
  const record = {
    providers: (platform.providers ?? []).map(compileProvider),
    prices: platform.prices ?? [],
    mandatoryTeams: everywhere,
    namespaceTeams,
    requireTeam: platform.requireTeam ?? false,
    unpriced: platform.unpriced ?? 'Deny',
    calls: statedCallPolicy(platform.calls),
    onLost: platform.defaults?.onLost ?? 'Charge',
    errors: compileErrors(platform.errors ?? {}),
  } as const;
  return { ...record, revision: digest(encodeRecord({ ...record, revision: '' })) };
}

function compileErrors(errors: NonNullable<PlatformConfig['errors']>): ErrorPolicy {
  return {
    budgetExceededStatus: errors.budgetExceededStatus ?? 402,
    retryWithinMs: durationMs(errors.retryWithin ?? '60s'),
    amounts: errors.amounts ?? 'Own',
  };
}

function compileProvider(provider: NonNullable<PlatformConfig['providers']>[number]): Provider {
  return {
    name: provider.name,
    api: provider.api,
    baseUrl: provider.baseUrl.replace(/\/+$/, ''),
    models: provider.models ?? ['*'],
    default: provider.default ?? false,
    streamOptions: provider.streamOptions ?? true,
  };
}

function teamOf(ref: { namespace: string; name: string }): Subject {
  return { kind: 'team', namespace: ref.namespace, name: ref.name };
}
