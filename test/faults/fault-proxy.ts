import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/**
 * A TCP proxy in front of a server, which fails on demand. A connection that lost bytes never carries any again, as in
 * life: it is reset when the fault ends.
 */
export interface FaultProxy {
  readonly port: number;
  /** What is asked happens, the answers are lost. */
  dropReplies(on: boolean): void;
  /** Nothing goes either way; connections stay open. */
  blackHole(on: boolean): void;
  /** Ends every connection at once. */
  reset(): void;
  close(): Promise<void>;
}

/** Starts a proxy on a free port of the loopback address. */
export async function startFaultProxy(targetPort: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const drops = { questions: false, answers: false };
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const reset = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const set = (questions: boolean, answers: boolean): void => {
    Object.assign(drops, { questions, answers });
    if (!questions && !answers) reset();
  };
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    for (const socket of [client, upstream]) track(socket);
    client.on('data', (bytes) => {
      if (!drops.questions) upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (!drops.answers) client.write(bytes);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    dropReplies: (on) => set(false, on),
    blackHole: (on) => set(on, on),
    reset,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
