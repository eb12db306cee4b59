import type { ServerResponse } from 'node:http';
import { errorText, type Log } from '../ports/log.ts';
import type { RequestOutcome } from '../ports/proxy-metrics.ts';
import type { Exchange, Upstream, UpstreamRequest } from '../ports/upstream.ts';
import type { AdmittedCall } from './admission.ts';
import { type Answer, createAnswer } from './call-answer.ts';
import type { ChatRequest } from './chat-request.ts';
import type { Settlement } from './settlement.ts';

/** An admitted call on its way through the proxy. */
export interface Forwarding {
  readonly call: AdmittedCall;
  readonly request: ChatRequest;
  /** True when this proxy asked for the usage chunk on the caller's behalf: it is taken out again. */
  readonly injected: boolean;
  readonly upstream: UpstreamRequest;
}

/** A caller that takes nothing for this long is gone. Longer than a provider may think before its first byte. */
const IDLE_MS = 660_000;

/**
 * Sends an admitted call to its provider and the answer to the caller, and settles it exactly once, whatever happens to
 * either side: journaled before the last byte of the answer, released only when the provider certainly did not serve it.
 * Resolves when the caller has the answer or is gone: until then the call holds its slot.
 */
export async function forward(
  deps: { upstream: Upstream; settlement: Settlement; log: Log },
  forwarding: Forwarding,
  response: ServerResponse,
): Promise<RequestOutcome> {
  if (response.destroyed) {
    deps.settlement.release(forwarding.call);
    return 'aborted';
  }
  const gone = new Promise<void>((resolve) => {
    response.once('close', resolve);
  });
  const answer = createAnswer(deps.settlement, forwarding, response);
  const outcome = await exchange(deps, forwarding.upstream, answer, response);
  await gone;
  return response.writableFinished || outcome !== 'served' ? outcome : 'aborted';
}

function exchange(
  deps: { upstream: Upstream; log: Log },
  request: UpstreamRequest,
  answer: Answer,
  response: ServerResponse,
): Promise<RequestOutcome> {
  return new Promise((resolve) => {
    let running: Exchange | undefined;
    /** A bug must not keep the caller waiting nor the slot taken. */
    const guarded = <T>(work: () => T): T | undefined => {
      try {
        return work();
      } catch (error) {
        deps.log.error('proxy: an answer failed', { error: errorText(error) });
        response.destroy();
        running?.abort();
        resolve('unavailable');
        return undefined;
      }
    };
    // 'close' of the response is the only reliable word of a disconnect; that of the request comes with its last byte.
    response.once('close', () => {
      if (!response.writableFinished) running?.abort();
    });
    response.on('drain', () => running?.resume());
    response.setTimeout(IDLE_MS, () => response.destroy());
    running = deps.upstream.send(request, {
      headers: (status, headers) => guarded(() => answer.headers(status, headers)),
      data(chunk) {
        const flowing = guarded(() => answer.data(chunk)) ?? true;
        if (answer.isRejected()) running?.abort();
        return flowing;
      },
      end: () => guarded(() => resolve(answer.end())),
      failed: (failure) => guarded(() => resolve(answer.failed(failure))),
    });
  });
}
