import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ProxyMetrics } from '../ports/proxy-metrics.ts';
import type { Directory } from './directory.ts';
import type { HttpAnswer } from './http-answer.ts';
import { readIdentity } from './identity.ts';
import type { InFlight } from './in-flight.ts';
import { errorAnswer, thrownAnswer } from './refusal-answer.ts';

/** Whose call it is, once it may be read. */
export type Entry =
  | { readonly kind: 'entered'; readonly sha256: string }
  | { readonly kind: 'turned away'; readonly answer: HttpAnswer; readonly outcome: 'refused' | 'unavailable' };

export type Gate = (request: IncomingMessage, response: ServerResponse) => Promise<Entry>;

/**
 * What happens to a call before a byte of its body is read: only a key that exists and a free slot let it in, so that
 * nobody without a key can make this process read or parse anything. The slot is held until the response is closed.
 */
export function createGate(deps: { directory: Directory; inFlight: InFlight; metrics: ProxyMetrics }): Gate {
  const { directory, inFlight, metrics } = deps;
  return async (request, response) => {
    const identity = readIdentity(request.rawHeaders);
    if (identity.kind === 'none') {
      if (identity.foreign) metrics.foreignCredential();
      return turnAway(errorAnswer('invalid_key'), 'refused');
    }
    try {
      const index = await directory.view().keyIndex(identity.sha256);
      if (index === null) return turnAway(errorAnswer('invalid_key'), 'refused');
    } catch (error) {
      return turnAway(thrownAnswer(error), 'unavailable');
    }
    if (!inFlight.enter()) {
      return turnAway(errorAnswer(inFlight.isDraining() ? 'shutting_down' : 'overloaded'), 'unavailable');
    }
    if (response.destroyed) inFlight.leave();
    else response.once('close', () => inFlight.leave());
    return { kind: 'entered', sha256: identity.sha256 };
  };
}

function turnAway(answer: HttpAnswer, outcome: 'refused' | 'unavailable'): Entry {
  return { kind: 'turned away', answer, outcome };
}
