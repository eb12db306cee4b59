/**
 * The floor that budgetd is compared with: node:http in front, undici's dispatch behind, nothing in between.
 *
 * usage: node test/bench/bare-proxy.ts UPSTREAM_ORIGIN    (prints its port)
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';

const origin = process.argv[2] ?? '';
const agent = new Agent({ pipelining: 1 });

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    agent.dispatch(
      { origin, path: request.url ?? '/', method: 'POST', headers: { 'content-type': 'application/json' }, body },
      {
        onRequestStart: () => {},
        onResponseStart: (_controller, status, headers) => response.writeHead(status, headers),
        onResponseData: (_controller, chunk) => response.write(chunk),
        onResponseEnd: () => response.end(),
        onResponseError: (_controller, error) => response.destroy(error),
      },
    );
  });
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
