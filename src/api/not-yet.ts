import { type FieldPath, type Finding, type Problem, problemAt } from '../core/problem.ts';
import type { BudgetAdjustmentSpec } from './budget-adjustment.ts';
import type { CallSettings } from './call-settings.ts';
import { notYetText } from './later.ts';
import type { ManifestObject } from './manifest.ts';
import type { Interpreted } from './manifest-reading.ts';
import type { TeamSpec } from './team.ts';
import type { UserSpec } from './user.ts';
import type { VirtualKeySpec } from './virtual-key.ts';

/** Who obeys an object: the operator of a cluster, or a standalone process, which cannot do everything that it does. */
export type Obeyer = 'operator' | 'standalone';

/**
 * Fields of an object that the API has and this version does not obey yet. Such an object is refused: a field that is
 * accepted and ignored would be worse than none.
 */
export function notYetSupported(object: ManifestObject): Problem[] {
  return notYetFindings(object, 'standalone').map((finding) => problemAt(object.source, finding));
}

/** The same without a place in a file. */
export function notYetFindings(object: Interpreted, obeyer: Obeyer): Finding[] {
  switch (object.kind) {
    case 'VirtualKey':
      return [
        ...virtualKeyFindings(object.value.spec),
        ...(obeyer === 'standalone' ? rotationFindings(object.value.spec) : []),
      ];
    case 'Team':
      return teamFindings(object.value.spec);
    case 'User':
      return userFindings(object.value.spec);
    case 'Customer':
      return present(object.kind, ['kind'], 'the kind Customer');
    case 'BudgetAlertPolicy':
      return present(object.kind, ['kind'], 'the kind BudgetAlertPolicy');
    case 'BudgetAdjustment':
      return adjustmentFindings(object.value.spec, obeyer);
    case 'Secret':
    case 'Namespace':
      return [];
  }
}

/** Keys that a standalone process made lie in files for people, who rotate them by removing the file. */
function rotationFindings({ key }: VirtualKeySpec): Finding[] {
  const generated = key?.generated;
  const rotated = (generated?.version ?? 1) > 1 ? generated?.version : undefined;
  return [
    ...present(generated?.every, ['spec', 'key', 'generated', 'every'], 'rotation of keys'),
    ...present(rotated, ['spec', 'key', 'generated', 'version'], 'rotation of keys'),
  ];
}

function virtualKeyFindings(spec: VirtualKeySpec): Finding[] {
  return [
    ...present(spec.customers, ['spec', 'customers'], 'customers'),
    ...present(spec.alerts, ['spec', 'alerts'], 'alerts'),
    ...notYetSupportedCalls(spec.calls, ['spec', 'calls']),
  ];
}

function teamFindings(spec: TeamSpec): Finding[] {
  const listed = spec.membership === 'Listed' ? spec.membership : undefined;
  return [
    ...present(listed, ['spec', 'membership'], 'membership Listed'),
    ...present(spec.members, ['spec', 'members'], 'budgets of members'),
    ...present(spec.memberDefaults, ['spec', 'memberDefaults'], 'budgets of members'),
    ...present(spec.ownerEmails, ['spec', 'ownerEmails'], 'alerts'),
    ...present(spec.alerts, ['spec', 'alerts'], 'alerts'),
    ...notYetSupportedCalls(spec.calls, ['spec', 'calls']),
  ];
}

function adjustmentFindings({ subject }: BudgetAdjustmentSpec, obeyer: Obeyer): Finding[] {
  if (obeyer === 'standalone') return present('BudgetAdjustment', ['kind'], 'the kind BudgetAdjustment');
  const missing = { TeamMember: 'budgets of members', Customer: 'customers' } as const;
  if (subject.kind !== 'TeamMember' && subject.kind !== 'Customer') return [];
  return present(subject.kind, ['spec', 'subject', 'kind'], missing[subject.kind]);
}

function userFindings(spec: UserSpec): Finding[] {
  return present(spec.alerts, ['spec', 'alerts'], 'alerts');
}

/** The same of `calls`, which the platform configuration has too. */
export function notYetSupportedCalls(calls: CallSettings | undefined, path: FieldPath): Finding[] {
  const unbounded = calls?.unbounded === 'Deny' ? undefined : calls?.unbounded;
  const drain = calls?.onAbort === 'Drain' ? calls.onAbort : undefined;
  const allow = calls?.ledgerDown === 'Allow' ? calls.ledgerDown : undefined;
  return [
    ...present(unbounded, [...path, 'unbounded'], 'calls.unbounded other than Deny'),
    ...present(drain, [...path, 'onAbort'], 'calls.onAbort Drain'),
    ...present(allow, [...path, 'ledgerDown'], 'calls.ledgerDown Allow'),
  ];
}

function present(value: unknown, path: FieldPath, feature: string): Finding[] {
  return value === undefined ? [] : [{ severity: 'error', path, message: notYetText(feature) }];
}
