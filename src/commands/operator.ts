import { hostname } from 'node:os';
import { createKubeApi } from '../adapters/kubernetes/kube-api.ts';
import { type KubeAccess, loadKubeAccess } from '../adapters/kubernetes/kube-config.ts';
import { createBudgetGauges } from '../adapters/prometheus/budget-gauges.ts';
import { createOperatorRegistry } from '../adapters/prometheus/operator-metrics.ts';
import { signatureOf } from '../adapters/disk/signature.ts';
import type { Config } from '../api/config.ts';
import { durationMs } from '../api/form.ts';
import { errorText } from '../ports/log.ts';
import { type Operator, startOperator } from '../operator/operator.ts';
import { createAdminServer } from '../proxy/admin-server.ts';
import { readOptions } from './arguments.ts';
import { readConfiguration, rereadConfig } from './configuration.ts';
import { watchFiles } from './file-watch.ts';
import type { Io } from './io.ts';
import { createRedisStore } from './ledger-choice.ts';
import { createProcessParts, readAddress } from './process-parts.ts';

const MOST_SERIES = 20_000;
const LEASE_CALL_MS = 4_000;
const DEFAULTS = {
  leaseName: 'budgetd-operator',
  baseUrl: 'http://127.0.0.1:14080/v1',
  perObject: '60s',
  perSecond: 20,
};

/** `budgetd operator`: compiles the objects of a cluster into the ledger, and tells their status. */
export async function runOperator(args: readonly string[], io: Io): Promise<number> {
  const options = readOptions('operator', args, { config: 'required' });
  const file = String(options.config);
  const before = signatureOf([file]);
  const read = readConfiguration(file, io, { role: 'operator' });
  if (read === null) return 1;
  const parts = createProcessParts(read.config, io);
  const { clock, random, log } = parts;
  const access = kubeAccess(io);
  if (access === null) return 1;
  const registry = createOperatorRegistry();
  const gauges = createBudgetGauges(read.config.metrics?.maxSeries ?? MOST_SERIES);
  const api = createKubeApi({ config: access, clock, metrics: registry.metrics });
  const store = createRedisStore(parts, read.config, read.redis);
  const { promise: ending, resolve: end } = Promise.withResolvers<number>();
  let current = read.config;
  let operator: Operator | null = null;

  const admin = createAdminServer({
    isReady: () => operator?.isReady() ?? false,
    exposition: async () => (await registry.exposition()) + gauges.exposition(),
  });
  const address = await admin.listen(readAddress(read.config.listen?.admin ?? '127.0.0.1:14090'));
  operator = startOperator(
    { api, leaseApi: api.withDeadline(LEASE_CALL_MS), store, clock, random, log, metrics: registry.metrics },
    {
      ...settingsOf(read.config),
      namespace: access.namespace,
      identity: `${hostname()}_${random.uuid()}`,
      platform: () => current.platform ?? {},
      swept: registry.swept,
      figures: gauges.show,
      deposed(why) {
        log.error('not leading any more; this process ends', { why });
        end(1);
      },
    },
  );
  log.info('operator ready', { admin: address });
  const stopWatching = watchFiles(parts, { paths: [file], before }, () => {
    const next = rereadConfig(file, io);
    if (next === null) return log.error('configuration: not applied; the last good one stays in force');
    current = next;
    operator?.platformChanged();
  });
  void io.stopped().then(() => end(0));

  const exitCode = await ending;
  stopWatching();
  // Who was deposed has nothing to finish: whatever it would still write is not its own any more.
  if (exitCode === 0) {
    log.info('shutting down');
    await operator.stop();
    await store.close();
    await admin.close();
    await api.close();
    return 0;
  }
  process.exit(exitCode);
}

function kubeAccess(io: Io): KubeAccess | null {
  try {
    return loadKubeAccess({});
  } catch (error) {
    io.err(`kubernetes: ${errorText(error)}`);
    return null;
  }
}

function settingsOf({ operator = {} }: Config) {
  return {
    leaseName: operator.leaseName ?? DEFAULTS.leaseName,
    baseUrl: operator.baseUrl ?? DEFAULTS.baseUrl,
    status: {
      perObjectMs: durationMs(operator.status?.perObject ?? DEFAULTS.perObject),
      perSecond: operator.status?.perSecond ?? DEFAULTS.perSecond,
    },
  };
}
