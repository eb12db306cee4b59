import type { IncomingMessage } from 'node:http';
import { standingOf } from '../core/standing.ts';
import { subjectPath } from '../core/subject.ts';
import type { Ledger, SubjectLedger } from '../ports/ledger.ts';
import { inheritedBudgetView, ownBudgetView } from './budget-view.ts';
import { resolveSubjects } from './call-subjects.ts';
import type { Directory } from './directory.ts';
import type { HttpAnswer } from './http-answer.ts';
import { readIdentity } from './identity.ts';
import { errorAnswer } from './refusal-answer.ts';
import type { Session } from './session.ts';

/** `GET /budget`: what the presented key may still spend. Costs nothing and is never refused by a budget. */
export function createBudgetRoute(deps: {
  directory: Directory;
  ledger: Ledger;
  session: Session;
}): (request: IncomingMessage) => Promise<HttpAnswer> {
  const { directory, ledger, session } = deps;

  /** Null: what this process knew was stale; it is forgotten now. */
  const attempt = async (sha256: string): Promise<HttpAnswer | null> => {
    const view = directory.view();
    const resolution = await resolveSubjects(view, sha256, session.time.estimateMs());
    // Nobody compares the platform's revision here, so nothing older than a second is shown.
    if (view.renew()) return null;
    if (resolution.kind === 'unattended') return errorAnswer('ledger_unattended');
    if (resolution.kind === 'refused') {
      return errorAnswer(resolution.code, 'detail' in resolution ? resolution.detail : '');
    }
    const { all, key } = resolution.subjects;
    const read = await ledger.read(all.map((record) => record.subject));
    if (read.kind !== 'read') return errorAnswer(`ledger_${read.kind}`);
    const known = new Map(read.subjects.map((subject) => [subjectPath(subject.subject), subject]));
    const stale = all.filter((record) => known.get(subjectPath(record.subject))?.revision !== record.revision);
    for (const record of stale) directory.forget(record.subject);
    if (stale.length > 0) return null;
    const standing = all.flatMap((record) =>
      record.budgets.map((budget) => ({
        record,
        budget,
        at: standingOf(budget, known.get(subjectPath(record.subject)) as SubjectLedger, read.nowMs),
      })),
    );
    return {
      status: 200,
      headers: { 'cache-control': 'no-store' },
      body: {
        subject: subjectPath(key.subject),
        budgets: standing
          .filter(({ record }) => record === key)
          .map(({ record, budget, at }) => ownBudgetView(record, budget, at)),
        inherited: standing
          .filter(({ record }) => record !== key)
          .map(({ record, budget, at }) => inheritedBudgetView(record, budget, at)),
        customer: null,
      },
    };
  };

  return async (request) => {
    const identity = readIdentity(request.rawHeaders);
    if (identity.kind === 'none') return errorAnswer('invalid_key');
    for (let tries = 0; tries < 3; tries += 1) {
      const answer = await attempt(identity.sha256);
      if (answer !== null) return answer;
    }
    return errorAnswer('ledger_away', 'its records keep changing');
  };
}
