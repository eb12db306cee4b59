import type { KeyIndex, KeyPart, SubjectRecord } from '../core/record.ts';
import type { Subject } from '../core/subject.ts';
import { subjectPath } from '../core/subject.ts';
import type { Platform, View } from './directory.ts';

/** Everyone a call is charged to, with the key first. */
export interface CallSubjects {
  readonly platform: Platform;
  readonly key: SubjectRecord & { readonly key: KeyPart };
  readonly team: SubjectRecord | null;
  /** Key, Team, mandatory Teams and User, each once. */
  readonly all: readonly SubjectRecord[];
  /** Ledger time at which the presented key ends, epoch ms; null: it does not. */
  readonly endsAtMs: number | null;
}

export type Resolution =
  | { readonly kind: 'resolved'; readonly subjects: CallSubjects }
  | { readonly kind: 'refused'; readonly code: 'invalid_key' }
  | { readonly kind: 'refused'; readonly code: 'team_required' }
  /** `detail` names the kind of reference, never the object: the caller may not know it. */
  | { readonly kind: 'refused'; readonly code: 'reference_unresolved'; readonly detail: string }
  /** The installation has no platform record: nothing was ever compiled. */
  | { readonly kind: 'unattended' };

/**
 * From a key's hash to everyone its calls are charged to. A missing, suspended or deleted subject above the key refuses
 * the call: a reference that does not resolve is never "no limit".
 *
 * @param nowMs the estimate of ledger time
 * @throws PortError, RecordFormatError of the directory
 */
export async function resolveSubjects(view: View, sha256: string, nowMs: number): Promise<Resolution> {
  const platform = await view.platform();
  if (platform === null) return { kind: 'unattended' };
  const found = await findKey(view, sha256, nowMs);
  if (found === null) return { kind: 'refused', code: 'invalid_key' };
  const { record: key, endsAtMs } = found;
  if (key.key.unresolved !== null) return unresolved(key.key.unresolved);
  if (key.key.team === null && platform.record.requireTeam) return { kind: 'refused', code: 'team_required' };

  const all: SubjectRecord[] = [key];
  for (const [what, subject] of above(key, platform)) {
    const record = await view.subject(subject);
    if (record === null || record.inactive !== null) return unresolved(what);
    all.push(record);
  }
  const team = key.key.team === null ? null : (all[1] ?? null);
  return { kind: 'resolved', subjects: { platform, key, team, all, endsAtMs } };
}

type KeyRecord = SubjectRecord & { readonly key: KeyPart };

async function findKey(
  view: View,
  sha256: string,
  nowMs: number,
): Promise<{ record: KeyRecord; endsAtMs: number | null } | null> {
  const index: KeyIndex | null = await view.keyIndex(sha256);
  const record = index === null ? null : await view.subject(index.subject);
  if (record === null || !hasKey(record) || record.inactive !== null) return null;
  const entry = record.key.hashes.find((candidate) => candidate.sha256 === sha256);
  if (entry === undefined) return null;
  const ends = [record.key.expiresAtMs, entry.validUntilMs].filter((end) => end !== null);
  const endsAtMs = ends.length === 0 ? null : Math.min(...ends);
  return endsAtMs !== null && endsAtMs <= nowMs ? null : { record, endsAtMs };
}

function hasKey(record: SubjectRecord): record is KeyRecord {
  return record.key !== null;
}

/** Everyone above a key, each once, with the words a refusal uses. The Team comes first. */
function above(key: KeyRecord, platform: Platform): [string, Subject][] {
  const { mandatoryTeams, namespaceTeams } = platform.record;
  const named: [string, Subject | null][] = [
    ['teamRef', key.key.team],
    ['userRef', key.key.user],
    ...[
      ...mandatoryTeams,
      ...(Object.hasOwn(namespaceTeams, key.subject.namespace) ? (namespaceTeams[key.subject.namespace] ?? []) : []),
    ].map((team): [string, Subject] => ['a Team required by the platform', team]),
  ];
  const seen = new Set<string>();
  return named.filter((entry): entry is [string, Subject] => {
    if (entry[1] === null || seen.has(subjectPath(entry[1]))) return false;
    seen.add(subjectPath(entry[1]));
    return true;
  });
}

function unresolved(detail: string): Resolution {
  return { kind: 'refused', code: 'reference_unresolved', detail };
}
