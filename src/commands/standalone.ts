import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyFiles } from '../adapters/disk/key-files.ts';
import { signatureOf } from '../adapters/disk/signature.ts';
import { problemLine } from '../core/problem.ts';
import { subjectPath } from '../core/subject.ts';
import { type Applied, type Attendant, createAttendant } from '../operator/attendant.ts';
import { readOptions } from './arguments.ts';
import { watchFiles } from './file-watch.ts';
import { createCredentials, readConfiguration } from './configuration.ts';
import { type Installation, readInstallation } from './installation.ts';
import type { Io } from './io.ts';
import { createStandaloneStore } from './ledger-choice.ts';
import { createProcessParts, createProxyOn, GRACE_MS, type ProcessParts } from './process-parts.ts';

/** `budgetd standalone`: manifests from a folder, the ledger and the data path in one process. */
export async function runStandalone(args: readonly string[], io: Io): Promise<number> {
  const options = readOptions('standalone', args, { config: 'required', manifests: 'required', state: 'optional' });
  const paths = { config: String(options.config), manifests: String(options.manifests) };
  const state = options.state ?? 'state';
  const read = readConfiguration(paths.config, io, { role: 'standalone' });
  if (read === null) return 1;
  const load = (): Installation | null => readInstallation(paths, io);
  const before = signatureOf([paths.config, paths.manifests]);
  const first = load();
  if (first === null) return 1;
  let current = first;

  mkdirSync(state, { recursive: true, mode: 0o700 });
  const parts = createProcessParts(read.config, io);
  const store = createStandaloneStore(parts, read.config, { secrets: read.redis, state });
  const credential = createCredentials(() => current.config, io, parts.clock);
  const { proxy, close } = createProxyOn(parts, store, { config: read.config, credential, state });
  const known = join(state, 'ledger-known');
  const { promise: ending, resolve: end } = Promise.withResolvers<number>();
  const attendant = createAttendant(
    { store, clock: parts.clock, log: parts.log },
    {
      knownBefore: existsSync(known),
      onKnown: () => writeFileSync(known, ''),
      onSwept: (holds) => parts.registry.metrics.swept(holds),
      onFenced() {
        parts.log.error('ledger: another writer of this installation took over; this one stops');
        end(1);
      },
    },
  );
  void io.stopped().then(() => end(0));

  const addresses = await proxy.start();
  const apply = createApply(parts, attendant, join(state, 'keys'));
  const begin = async (): Promise<void> => {
    const refused = redefinitions(await apply(first));
    for (const line of refused) io.err(line);
    if (refused.length > 0) return end(1);
    await proxy.whenAdmitting();
    parts.log.info('standalone ready', addresses);
  };
  void begin();
  const stopWatching = watchFiles(parts, { paths: [paths.config, paths.manifests], before }, async () => {
    const next = load();
    if (next === null) return parts.log.error('manifests: not applied; the last good ones stay in force');
    current = next;
    const applied = await apply(next);
    for (const line of redefinitions(applied)) parts.log.error('manifests: not applied', { reason: line });
    if (applied.kind === 'applied') parts.log.info('manifests applied', { changed: applied.changed });
  });

  const exitCode = await ending;
  parts.log.info('shutting down');
  stopWatching();
  attendant.stop();
  await proxy.stop(GRACE_MS);
  await close();
  await store.close();
  return exitCode;
}

function createApply(
  parts: ProcessParts,
  attendant: Attendant,
  keyDirectory: string,
): (installation: Installation) => Promise<Applied> {
  const vault = createKeyFiles(keyDirectory);
  let known: ReadonlySet<string> = new Set();
  return (installation) =>
    attendant.apply((holders) => {
      const desired = installation.compile({ vault, random: parts.random, holders });
      for (const { subject, path } of desired.created) {
        parts.log.info('key made; its file is the only place that has it', {
          subject: subjectPath(subject),
          file: path,
        });
      }
      const said = desired.problems.map(problemLine);
      for (const line of said) if (!known.has(line)) parts.log.warn('manifests', { problem: line });
      known = new Set(said);
      return desired;
    });
}

/** One sentence per subject whose budget would count another window under the same name. */
function redefinitions(applied: Applied): string[] {
  if (applied.kind !== 'applied') return [];
  return applied.redefined.map(
    ({ subject, budgets }) =>
      `BudgetRedefined: ${subjectPath(subject)}: budget ${budgets.join(', ')} already counts another window ` +
      '(period, alignment, anchor, timeZone, weekStart and models never change under one name): ' +
      'a different window is a different budget, add it under a new name',
  );
}
