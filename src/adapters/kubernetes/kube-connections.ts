import { Agent } from 'undici';
import type { KubeTls } from './kube-config.ts';

/** Watches last for minutes and must not take the connections of short calls, nor die with them. */
export type KubePool = 'watches' | 'calls';

/** Connections to the API server, kept between calls. */
export interface KubeConnections {
  /** The pool for these certificates: the same one for as long as their bytes are the same. */
  pool(name: KubePool, tls: KubeTls): Agent;
  /** Ends every connection, and with it every call and watch. */
  close(): Promise<void>;
}

interface Pools {
  readonly tls: KubeTls;
  readonly agents: Readonly<Record<KubePool, Agent>>;
}

const CONNECT_MS = 10_000;
/** Shorter than the idle time-outs of API servers (90 s) and of load balancers before them (60 s). */
const IDLE_MS = 30_000;
const MOST_CALLS = 16;

export function createKubeConnections(): KubeConnections {
  const open = new Set<Agent>();
  let closed = false;
  let current: Pools | undefined;

  const openAgent = (tls: KubeTls, connections: number | null): Agent => {
    const agent = new Agent({
      connections,
      pipelining: 1,
      // Calls that share a connection would share its death.
      allowH2: false,
      // The caller's limits count, by the caller's clock.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_MS,
      connect: { ...tls, timeout: CONNECT_MS, keepAlive: true, keepAliveInitialDelay: IDLE_MS },
    });
    open.add(agent);
    return agent;
  };
  const retire = async (agent: Agent): Promise<void> => {
    // What is under way ends by itself, a watch after minutes.
    await agent.close();
    open.delete(agent);
  };

  return {
    pool(name, tls) {
      if (closed) throw new Error('closed');
      if (current === undefined || !sameTls(current.tls, tls)) {
        // A retired agent that was destroyed meanwhile has nothing left to say.
        for (const agent of Object.values(current?.agents ?? {})) retire(agent).catch(() => undefined);
        current = { tls, agents: { watches: openAgent(tls, null), calls: openAgent(tls, MOST_CALLS) } };
      }
      return current.agents[name];
    },
    async close() {
      closed = true;
      await Promise.all([...open].map((agent) => agent.destroy()));
      open.clear();
    },
  };
}

function sameTls(one: KubeTls, other: KubeTls): boolean {
  return (
    one.servername === other.servername &&
    one.rejectUnauthorized === other.rejectUnauthorized &&
    sameBytes(one.ca, other.ca) &&
    sameBytes(one.cert, other.cert) &&
    sameBytes(one.key, other.key)
  );
}

function sameBytes(one: string | Buffer | undefined, other: string | Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : Buffer.from(one).equals(Buffer.from(other));
}
