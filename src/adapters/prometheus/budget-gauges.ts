import { NANOS_PER_USD } from '../../core/money.ts';
import type { BudgetFigures, ShowFigures, SubjectFigures } from '../../ports/budget-figures.ts';

/** Gauges of every budget, in text: a registry would keep an object per series, and there are tens of thousands. */
export interface BudgetGauges {
  readonly show: ShowFigures;
  /** Prometheus text exposition format. */
  exposition(): string;
}

interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly labels: readonly string[];
  readonly help: string;
}

const OF_BUDGET = ['kind', 'namespace', 'name', 'budget'] as const;

/** What one budget gives a family; null: no such series. USD for people; the ledger has the exact figures. */
const BUDGET_FAMILIES: readonly (Family & { readonly value: (budget: BudgetFigures) => number | null })[] = [
  gauge('limit_usd', 'Limit that holds now, raises included.', ({ limit }) => usd(limit)),
  gauge('spent_usd', 'Settled in the present window.', ({ spent }) => usd(spent)),
  gauge('held_usd', 'Reserved for calls in flight.', ({ held }) => usd(held)),
  gauge('remaining_usd', 'What is left; below 0 when a call crossed the limit.', ({ limit, spent, held }) =>
    limit === null ? null : usd(limit - spent - held),
  ),
  gauge('used_ratio', 'Spent of the limit.', ({ limit, spent }) =>
    limit === null ? null : limit === 0n ? 1 : Number(spent) / Number(limit),
  ),
  gauge('resets_at_seconds', 'End of the present window, Unix time.', ({ resetsAtSeconds }) => resetsAtSeconds),
];

const SUBJECT_SPENT: Family = {
  name: 'budgetd_subject_spent_usd_total',
  type: 'counter',
  labels: ['kind', 'namespace', 'name', 'team'],
  help: 'Settled in the whole life of a subject, from the ledger: survives pods.',
};
const DROPPED: Family = {
  name: 'budgetd_series_dropped',
  type: 'gauge',
  labels: [],
  help: 'Series left out because of metrics.maxSeries.',
};

/** Every family, for the documentation test. */
export const BUDGET_GAUGE_FAMILIES: readonly Family[] = [...BUDGET_FAMILIES, SUBJECT_SPENT, DROPPED];

/** What is kept where not all fits: few Teams say more than many keys. */
const RANK: Readonly<Record<string, number>> = { team: 0, user: 1, vkey: 2 };

/** @param maxSeries most series in all; of the rest only the number is shown */
export function createBudgetGauges(maxSeries: number): BudgetGauges {
  let subjects: readonly SubjectFigures[] | null = null;
  return {
    show(figures) {
      subjects = figures.toSorted((a, b) => (RANK[a.subject.kind] ?? 3) - (RANK[b.subject.kind] ?? 3));
    },
    exposition() {
      // A replica that does not lead says nothing: two would show the same money twice.
      if (subjects === null) return '';
      const lines = new Map<Family, string[]>(BUDGET_GAUGE_FAMILIES.map((family) => [family, []]));
      let room = maxSeries;
      let dropped = 0;
      const add = (family: Family, values: readonly string[], value: number | null): void => {
        if (value === null) return;
        room -= 1;
        if (room < 0) dropped += 1;
        else lines.get(family)?.push(`${family.name}${labelText(family.labels, values)} ${value}`);
      };
      for (const { subject, team, spent, budgets } of subjects) {
        const own = [subject.kind, subject.namespace, subject.name];
        add(SUBJECT_SPENT, [...own, team], usd(spent));
        for (const budget of budgets) {
          for (const family of BUDGET_FAMILIES) add(family, [...own, budget.name], family.value(budget));
        }
      }
      lines.get(DROPPED)?.push(`${DROPPED.name} ${dropped}`);
      return [...lines].map(([family, series]) => familyText(family, series)).join('');
    },
  };
}

function gauge(
  name: string,
  help: string,
  value: (budget: BudgetFigures) => number | null,
): Family & { readonly value: typeof value } {
  return { name: `budgetd_budget_${name}`, type: 'gauge', labels: OF_BUDGET, help, value };
}

function familyText({ name, type, help }: Family, series: readonly string[]): string {
  return series.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${series.join('\n')}\n`;
}

function labelText(labels: readonly string[], values: readonly string[]): string {
  if (labels.length === 0) return '';
  return `{${labels.map((label, i) => `${label}="${escaped(values[i] ?? '')}"`).join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function usd<N extends bigint | null>(nanos: N): N extends null ? null : number;
function usd(nanos: bigint | null): number | null {
  return nanos === null ? null : Number(nanos) / Number(NANOS_PER_USD);
}
