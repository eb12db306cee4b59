import * as fc from 'fast-check';
import type { Subject } from '../../src/core/subject.ts';

const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?$/);
const namespace = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const customerId = fc.stringMatching(/^[A-Za-z0-9._@:+-]{1,40}$/);

/** Every subject that the contract allows. */
export const anySubject: fc.Arbitrary<Subject> = fc.oneof(
  fc.record({ kind: fc.constantFrom('vkey', 'team', 'user'), namespace, name }),
  fc.record({
    kind: fc.constant('member'),
    namespace,
    name: fc.tuple(name, namespace, name).map((parts) => parts.join('/')),
  }),
  fc.record({ kind: fc.constant('customer'), namespace, name: customerId }),
);
