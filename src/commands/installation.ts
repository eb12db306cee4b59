import type { Config } from '../api/config.ts';
import type { ManifestKind, ManifestObject, ManifestOf } from '../api/manifest.ts';
import { notYetSupported } from '../api/not-yet.ts';
import { type Problem, problemAt, problemLine } from '../core/problem.ts';
import { type Subject, subjectPath } from '../core/subject.ts';
import type { Desired } from '../operator/attendant.ts';
import { compile, type Compiled, type Declared } from '../operator/compile.ts';
import { compilePlatform } from '../operator/compile-platform.ts';
import { obtainKeys } from '../operator/key-hashes.ts';
import type { KeyVault } from '../ports/key-vault.ts';
import type { Random } from '../ports/random.ts';
import { rereadConfig } from './configuration.ts';
import type { Io } from './io.ts';
import { loadManifests } from './manifests.ts';

/** A valid set of manifests and configuration, ready to be compiled. */
export interface Installation {
  readonly config: Config;
  compile(deps: { vault: KeyVault; random: Random; holders: ReadonlyMap<string, Subject> }): CompiledInstallation;
}

export interface CompiledInstallation extends Desired {
  /** Keys that were made just now, and where they are. */
  readonly created: readonly { readonly subject: Subject; readonly path: string }[];
  /** What keeps single objects from working although the set is valid. */
  readonly problems: readonly Problem[];
}

/** Reads both, prints every problem with its place, and returns null when any is an error. */
export function readInstallation(paths: { config: string; manifests: string }, io: Io): Installation | null {
  const config = rereadConfig(paths.config, io);
  const { objects, problems } = loadManifests(paths.manifests);
  const all = [...problems, ...objects.flatMap(notYetSupported)];
  for (const problem of all) io.err(problemLine(problem));
  if (config === null || all.some((problem) => problem.severity === 'error')) return null;

  const virtualKeys = ofKind(objects, 'VirtualKey');
  const secrets = new Map(ofKind(objects, 'Secret').map((secret) => [`${secret.namespace}/${secret.name}`, secret]));
  const namespaces = new Map(
    ofKind(objects, 'Namespace').map(({ name, value }) => [name, value.metadata.labels ?? {}] as const),
  );
  return {
    config,
    compile({ vault, random, holders }) {
      const keys = obtainKeys(
        {
          vault,
          random,
          secret(namespace, name) {
            const value = secrets.get(`${namespace}/${name}`)?.value;
            return value === undefined ? undefined : { labels: value.metadata.labels ?? {}, data: value.data };
          },
        },
        virtualKeys.map(declared),
      );
      const compiled = compile({
        virtualKeys: virtualKeys.map(declared),
        teams: ofKind(objects, 'Team').map(declared),
        users: ofKind(objects, 'User').map(declared),
        namespaces,
        hashes: keys.hashes,
        holders,
      });
      const places = new Map(virtualKeys.map((key) => [subjectPath(vkey(key)), key]));
      return {
        compiled,
        platform: compilePlatform(config.platform ?? {}, namespaces),
        created: keys.created,
        problems: [...keys.findings, ...compiledFindings(compiled)].flatMap((finding) => {
          const source = places.get(subjectPath(finding.subject))?.source;
          return source === undefined ? [] : [problemAt(source, finding)];
        }),
      };
    },
  };
}

function compiledFindings(compiled: Compiled) {
  return [
    ...compiled.unresolved.map(({ subject, field, target }) => ({
      subject,
      severity: 'warning' as const,
      path: ['spec', field],
      message: `${subjectPath(target)} does not exist or does not allow this namespace: every call of the key is refused until it does`,
    })),
    ...compiled.keysInUse.map(({ subject }) => ({
      subject,
      severity: 'warning' as const,
      path: ['spec', 'key'],
      message: 'KeyInUse: another VirtualKey holds this key already; this one gets no calls',
    })),
  ];
}

function ofKind<K extends ManifestKind>(objects: readonly ManifestObject[], kind: K): ManifestOf<K>[] {
  return objects.filter((object): object is ManifestObject & ManifestOf<K> => object.kind === kind);
}

function declared<Spec>(object: { namespace: string; name: string; value: { spec: Spec } }): Declared<Spec> {
  return { namespace: object.namespace, name: object.name, spec: object.value.spec };
}

function vkey(object: { namespace: string; name: string }): Subject {
  return { kind: 'vkey', namespace: object.namespace, name: object.name };
}
