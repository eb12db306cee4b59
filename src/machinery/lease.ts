import type { Clock } from '../ports/clock.ts';
import type { KubeApi, KubeName, KubeObject, KubeResource } from '../ports/kube.ts';
import { microTime } from './micro-time.ts';

const LEASES: KubeResource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

/** Number of the leadership, raised with every acquisition: older leaders are known by it. */
const TERM = 'budgetd.dev/term';
const LEASE_MS = 15_000;

/** One Lease of the API server, as this process last saw it. */
export interface Lease {
  /** @throws KubeError */
  read(): Promise<void>;
  holder(): string;
  /**
   * Nobody holds it, or its holder's time is over: measured from when this process saw it change last, by its own
   * monotonic clock. Clocks of machines are never compared.
   */
  isFree(): boolean;
  term(): number;
  note(name: string): string | undefined;
  /** Makes it ours, under a new term or the present one; what was read last must still hold. @throws KubeError */
  hold(changes: { readonly term?: number; readonly notes?: Readonly<Record<string, string>> }): Promise<void>;
  /** @throws KubeError */
  release(): Promise<void>;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly leaseTransitions?: number;
}

export function createLease(api: KubeApi, clock: Clock, name: KubeName, identity: string): Lease {
  let seen: KubeObject | null = null;
  let seenAtMs = 0;
  const spec = (): LeaseSpec => {
    const found: LeaseSpec = seen?.['spec'] ?? {};
    return found;
  };
  const holder = (): string => spec().holderIdentity ?? '';
  const observe = (lease: KubeObject | null): void => {
    if (lease?.metadata.resourceVersion !== seen?.metadata.resourceVersion) seenAtMs = clock.monotonicMs();
    seen = lease;
  };

  return {
    read: async () => observe(await api.get(LEASES, name)),
    holder,
    isFree: () => holder() === '' || clock.monotonicMs() - seenAtMs >= (spec().leaseDurationSeconds ?? 0) * 1000,
    term() {
      const text = seen?.metadata.annotations?.[TERM] ?? '';
      return /^[0-9]{1,15}$/.test(text) ? Number(text) : 0;
    },
    note: (key) => seen?.metadata.annotations?.[key],
    async hold({ term, notes }) {
      const now = microTime(clock.wallMs());
      const { acquireTime = now, leaseTransitions = 0 } = spec();
      const isRenewal = holder() === identity;
      const marked = term === undefined ? {} : { [TERM]: String(term) };
      const lease: KubeObject = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { ...(seen?.metadata ?? name), annotations: { ...seen?.metadata.annotations, ...notes, ...marked } },
        spec: {
          holderIdentity: identity,
          leaseDurationSeconds: LEASE_MS / 1000,
          acquireTime: isRenewal ? acquireTime : now,
          renewTime: now,
          leaseTransitions: leaseTransitions + (isRenewal ? 0 : 1),
        },
      };
      observe(await (seen === null ? api.create(LEASES, lease) : api.replace(LEASES, lease)));
    },
    async release() {
      if (seen === null || holder() !== identity) return;
      observe(await api.replace(LEASES, { ...seen, spec: { ...spec(), holderIdentity: '', leaseDurationSeconds: 1 } }));
    },
  };
}
