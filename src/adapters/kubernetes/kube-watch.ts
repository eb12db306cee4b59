import type { Clock } from '../../ports/clock.ts';
import type { KubeObject, WatchEvent } from '../../ports/kube.ts';
import { isRecord, type KubeAction, refusal, statusOf, unavailable } from './kube-failure.ts';
import { objectOf } from './kube-object.ts';
import type { KubeRequest } from './kube-exchange.ts';
import { failureOf, type KubeTransport } from './kube-transport.ts';
import { startTimeLimit } from './time-limit.ts';
import { createLineParser } from './watch-lines.ts';

export interface WatchDeps {
  readonly transport: KubeTransport;
  readonly clock: Clock;
}

export interface WatchLimits {
  /** Until the server starts to answer. */
  readonly openMs: number;
  /** Between two events. */
  readonly idleMs: number;
}

/** An object is 1.5 MiB at most in the server's store; JSON and managed fields may double it. */
const LINE_BYTES = 8 * 1024 * 1024;

/**
 * The events of one watch. It ends when the server ends it or `signal` aborts it; leaving the loop closes the
 * connection. Time that the caller takes for an event is not the server's silence.
 *
 * @throws KubeError for everything else
 */
export async function* watchEvents(
  { transport, clock }: WatchDeps,
  request: KubeRequest,
  limits: WatchLimits,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  if (signal.aborted) return;
  const limit = startTimeLimit(clock, limits.openMs);
  signal.addEventListener('abort', limit.end, { once: true });
  const parser = createLineParser(LINE_BYTES);
  try {
    const body = await transport.open(request, limit);
    limit.arm(limits.idleMs);
    for await (const chunk of body) {
      const lines = parser.push(chunk);
      // Bytes without an end of line are not a sign of life.
      if (lines.length === 0) continue;
      limit.disarm();
      for (const line of lines) {
        if (signal.aborted) return;
        yield eventOf(request, line);
      }
      limit.arm(limits.idleMs);
    }
    parser.end();
  } catch (error) {
    if (!signal.aborted) throw failureOf(request, limit, error);
  } finally {
    signal.removeEventListener('abort', limit.end);
    limit.end();
  }
}

function eventOf(action: KubeAction, line: string): WatchEvent {
  const event = parsed(action, line);
  const { type, object } = event;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: objectOf(action, object) };
    case 'BOOKMARK':
      return { type, resourceVersion: versionOf(action, object) };
    case 'ERROR': {
      const status = statusOf(object);
      throw refusal(action, status?.code ?? 0, status);
    }
    default:
      throw unavailable(action, 'an event of a watch has an unknown type');
  }
}

function parsed(action: KubeAction, line: string): Readonly<Record<string, unknown>> {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    // The parser's own message quotes the line.
  }
  if (!isRecord(event)) throw unavailable(action, 'a line of a watch is no event');
  return event;
}

function versionOf(action: KubeAction, object: unknown): string {
  const version = (object as KubeObject | undefined)?.metadata?.resourceVersion;
  if (typeof version !== 'string') throw unavailable(action, 'a bookmark has no resourceVersion');
  return version;
}
