import { budgetHeaders } from './budget-headers.ts';
import type { Answer, AnswerContext } from './call-answer.ts';
import { callerHeaders } from './headers.ts';
import { createChatStreamMeter } from './sse-meter.ts';

const MAX_EVENT_BYTES = 16 * 1_048_576;

/** A stream of events: passed on as it arrives, metered on the way, settled before its last event is passed on. */
export function createStreamAnswer(context: AnswerContext): Answer {
  const { forwarding, response } = context;
  const meter = createChatStreamMeter({ strip: forwarding.injected, maxEventBytes: MAX_EVENT_BYTES });
  let settled = false;
  const settleOnce = (aborted: boolean): void => {
    if (settled) return;
    settled = true;
    context.settle(meter.reading(), aborted);
  };
  const outcome = () => (meter.reading().error === null ? 'served' : 'upstream_error');
  return {
    headers(status, provider) {
      response.writeHead(status, { ...callerHeaders(provider), ...budgetHeaders(forwarding.call, null) });
      response.flushHeaders();
    },
    data(chunk) {
      const passed = meter.push(chunk);
      if (meter.reading().done) settleOnce(false);
      return passed.map((piece) => response.write(piece)).every(Boolean);
    },
    isRejected: () => false,
    end() {
      const rest = meter.finish();
      settleOnce(false);
      for (const piece of rest) response.write(piece);
      response.end();
      return outcome();
    },
    failed(failure) {
      meter.finish();
      settleOnce(true);
      // The caller's SDK must see a broken stream, not a finished one.
      response.destroy();
      return failure.kind === 'aborted' ? 'aborted' : 'upstream_error';
    },
  };
}
