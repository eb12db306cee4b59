import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSequence } from './sequence.ts';

it('low never passes a number that is still open', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 40 }), (order) => {
      const sequence = createSequence();
      const issued = Array.from({ length: 20 }, () => sequence.next());
      const resolved = new Set<number>();
      for (const at of order) {
        const seq = issued[at];
        if (seq === undefined || resolved.has(seq)) continue;
        sequence.resolved(seq);
        resolved.add(seq);
        const firstOpen = issued.find((candidate) => !resolved.has(candidate)) ?? issued.length + 1;
        expect(sequence.low()).toBe(firstOpen - 1);
      }
    }),
  );
});
