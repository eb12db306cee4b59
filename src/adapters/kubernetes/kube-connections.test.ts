import { describe, expect, it } from 'vitest';
import { createKubeConnections } from './kube-connections.ts';

const TLS = { ca: Buffer.from('ca'), cert: 'cert', key: 'key' };

describe('connections to the API server', () => {
  it('are kept while the bytes of the certificates are the same, wherever they were read', () => {
    const connections = createKubeConnections();
    const first = connections.pool('calls', TLS);
    expect(connections.pool('calls', { ...TLS, ca: Buffer.from('ca'), cert: Buffer.from('cert') })).toBe(first);
  });

  it.each([
    ['ca', { ca: Buffer.from('other') }],
    ['cert', { cert: 'other' }],
    ['key', { key: 'other' }],
    ['server name', { servername: 'other' }],
    ['trust', { rejectUnauthorized: false }],
  ])('are new when the %s is another', (_, change) => {
    const connections = createKubeConnections();
    const first = connections.pool('calls', TLS);
    const second = connections.pool('calls', { ...TLS, ...change });
    expect(second).not.toBe(first);
    expect([first.closed, second.closed]).toEqual([true, false]);
  });

  it('are others for watches than for calls', () => {
    const connections = createKubeConnections();
    expect(connections.pool('watches', TLS)).not.toBe(connections.pool('calls', TLS));
  });

  it('are all ended by the end, and there are no more', async () => {
    const connections = createKubeConnections();
    const agents = [connections.pool('watches', TLS), connections.pool('calls', { ...TLS, key: 'other' })];
    await connections.close();
    expect(agents.map(({ destroyed }) => destroyed)).toEqual([true, true]);
    expect(() => connections.pool('calls', TLS)).toThrow('closed');
  });
});
