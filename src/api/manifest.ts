import type { Written } from '../core/problem.ts';
import type { BudgetAdjustmentSpec } from './budget-adjustment.ts';
import type { BudgetAlertPolicySpec } from './budget-alert-policy.ts';
import type { CustomerSpec } from './customer.ts';
import type { TeamSpec } from './team.ts';
import type { UserSpec } from './user.ts';
import type { VirtualKeySpec } from './virtual-key.ts';

/** The part of metadata that budgetd reads. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An object of one of our kinds, checked. */
export interface Resource<Spec> {
  readonly metadata: Metadata;
  readonly spec: Spec;
}

/** A v1 Secret, its data decoded and stringData merged over it. */
export interface SecretValue {
  readonly metadata: Metadata;
  readonly data: Readonly<Record<string, Uint8Array>>;
}

/** A v1 Namespace: only its labels matter. */
export interface NamespaceValue {
  readonly metadata: Metadata;
}

/** The value of each kind that a folder of manifests may hold. */
export interface ManifestValues {
  VirtualKey: Resource<VirtualKeySpec>;
  Team: Resource<TeamSpec>;
  User: Resource<UserSpec>;
  Customer: Resource<CustomerSpec>;
  BudgetAlertPolicy: Resource<BudgetAlertPolicySpec>;
  BudgetAdjustment: Resource<BudgetAdjustmentSpec>;
  Secret: SecretValue;
  Namespace: NamespaceValue;
}

export type ManifestKind = keyof ManifestValues;

/** Where an object was written. */
export interface ManifestSource extends Written {
  /** First line of the object. */
  readonly line: number;
}

/** One object of a manifest. `kind` decides the type of `value`. */
export type ManifestObject = { [K in ManifestKind]: ManifestOf<K> }[ManifestKind];

export interface ManifestOf<K extends ManifestKind> {
  readonly kind: K;
  /** `default` where the manifest names none; empty for a Namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly value: ManifestValues[K];
  readonly source: ManifestSource;
}
