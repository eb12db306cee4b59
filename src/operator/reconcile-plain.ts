import type { Kind } from '../api/kinds.ts';
import type { Outcome } from '../machinery/controller.ts';
import { type Fact, fails, holds } from './conditions.ts';
import { type CustomObject, readSpec } from './custom-object.ts';
import { matchName } from './naming.ts';
import { DONE, type Reconciling, report } from './reconciling.ts';

/** The kinds that this version reads and does not obey yet: their status says so, and which of them are wrong as well. */
export async function reconcilePlain(context: Reconciling, kind: Kind, key: string): Promise<Outcome> {
  const object = context.world.object(kind, key);
  if (object === undefined) return DONE;
  await report(context, object, troubleFacts(trouble(context, object)), {});
  return DONE;
}

type Trouble = Pick<Fact, 'reason' | 'message'>;

function trouble(context: Reconciling, object: CustomObject): Trouble | null {
  const reading = readSpec(object.kind, object);
  if (reading.kind === 'invalid' && reading.reason === 'InvalidSpec') return reading;
  if (object.kind === 'Customer' && isLaterNamesake(context, object)) {
    return {
      reason: 'DuplicateMatch',
      message: 'an older Customer of this namespace has the same match and applies; delete one of the two',
    };
  }
  return reading.kind === 'invalid' ? reading : null;
}

/** Of two Customers with one match the older one applies; of two of one second, the first by name. */
function isLaterNamesake({ world }: Reconciling, customer: CustomObject): boolean {
  return world
    .naming('Customer', matchName(customer))
    .some((other) => other.uid !== customer.uid && age(other) < age(customer));
}

function age({ createdAt, name }: CustomObject): string {
  return `${createdAt} ${name}`;
}

function troubleFacts(found: Trouble | null): Fact[] {
  if (found === null)
    return [holds('Ready', 'Reconciled', 'in force'), fails('Stalled', 'Reconciled', 'nothing waits')];
  return [fails('Ready', found.reason, found.message), holds('Stalled', found.reason, found.message)];
}
