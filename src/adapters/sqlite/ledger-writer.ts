import { subjectKey } from '../../core/hold.ts';
import { decodeWindowEntry, LEDGER_FORMAT, REVISION_FIELD, windowField } from '../../core/ledger-fields.ts';
import { DEADLINE_MS, LEASE_MS } from '../../core/ledger-time.ts';
import type {
  AcceptOutcome,
  Claim,
  ClaimOutcome,
  EditOutcome,
  Fenced,
  LedgerWriter,
  SubjectEdit,
} from '../../ports/ledger-writer.ts';
import type { Random } from '../../ports/random.ts';
import { adjust } from './adjust.ts';
import { closedBy, META, type Operation, type Operations } from './operation.ts';

/** What only the installation's writer does. */
export function createSqliteLedgerWriter(operations: Operations, random: Random): LedgerWriter {
  const write = <T>(term: number, work: (operation: Operation) => T) =>
    operations.run((operation) => {
      const newest = Number(operation.meta.get('term') ?? 0);
      if (newest !== term) return { kind: 'fenced', term: newest } satisfies Fenced;
      operation.keepTime();
      return work(operation);
    });
  return {
    claim: async (options) => operations.begin((operation) => claim(operation, options, random.uuid())),
    acceptLoss: async () => operations.begin((operation) => acceptLoss(operation, random.uuid())),
    edit: async (term, change) => write(term, (operation) => edit(operation, change)),
    adjust: async (term, adjustment) => write(term, (operation) => adjust(operation, adjustment)),
    editPlatform: async (term, revision) =>
      write(term, ({ fields }) => {
        fields.set(META, 'pv', revision);
        return { kind: 'done' };
      }),
    renewLease: async (term) =>
      write(term, ({ fields, nowMs }) => {
        fields.set(META, 'lease', String(nowMs + LEASE_MS));
        return { kind: 'done' };
      }),
  };
}

/**
 * A claim begins a new incarnation: the process that writes the file is the one that serves from it, and between two
 * of its lives a power cut may have lost commits. Sweeping rests, so that the last life's calls can be settled first.
 */
function claim(operation: Operation, options: Claim, incarnation: string): ClaimOutcome {
  const { db, fields, meta, nowMs } = operation;
  const isFresh = !meta.has('fmt');
  const refused = isFresh ? undefined : (closedBy(meta) ?? claimRefusal(meta, options));
  if (refused !== undefined) return refused;
  if (!isFresh) {
    fields.set(META, `hist.${meta.get('inc')}`, meta.get('q') ?? '0');
    fields.set(META, 'pause', String(nowMs + DEADLINE_MS));
  }
  fields.set(META, 'fmt', LEDGER_FORMAT);
  fields.set(META, 'inc', incarnation);
  fields.set(META, 'q', '0');
  operation.keepTime(true);
  if (isFresh && (options.knownBefore || db.one('SELECT 1 FROM live UNION SELECT 1 FROM usage') !== undefined)) {
    fields.set(META, 'cold', '1');
    return { kind: 'cold' };
  }
  const term = options.term ?? Number(meta.get('term') ?? 0) + 1;
  fields.set(META, 'term', String(term));
  if (options.cluster !== null) fields.set(META, 'cluster', options.cluster);
  return { kind: 'claimed', term, fresh: isFresh };
}

function claimRefusal(meta: Operation['meta'], { term, cluster }: Claim): ClaimOutcome | undefined {
  const owner = meta.get('cluster');
  if (cluster !== null && owner !== undefined && owner !== cluster) return { kind: 'foreign', cluster: owner };
  const newest = Number(meta.get('term') ?? 0);
  return term !== null && term <= newest ? { kind: 'fenced', term: newest } : undefined;
}

function acceptLoss({ fields, meta, nowMs, keepTime }: Operation, incarnation: string): AcceptOutcome {
  const closed = closedBy(meta);
  if (closed?.kind !== 'cold') return closed ?? { kind: 'intact' };
  fields.remove(META, 'cold');
  fields.set(META, 'fmt', LEDGER_FORMAT);
  fields.set(META, 'inc', incarnation);
  fields.set(META, 'q', '0');
  fields.set(META, `loss.${nowMs}`, 'accepted');
  keepTime(true);
  return { kind: 'accepted' };
}

function edit({ fields }: Operation, { subject, revision, definitions }: SubjectEdit): EditOutcome {
  const key = `s:${subjectKey(subject)}`;
  const redefined = Object.keys(definitions).filter((budget) => {
    const stored = fields.get(key, windowField(budget));
    return stored !== undefined && decodeWindowEntry(stored)?.definition !== definitions[budget];
  });
  if (redefined.length > 0) return { kind: 'redefined', budgets: redefined };
  fields.set(key, REVISION_FIELD, revision);
  return { kind: 'done' };
}
