import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KINDS } from '../../src/api/kinds.ts';
import { hasControlPlane } from '../tools/control-plane.ts';
import { type ApiServer, startApiServer } from './api-server.ts';

const filesOf = (folder: string): string[] =>
  readdirSync(folder)
    .map((name) => join(folder, name))
    .toSorted();

describe.skipIf(!hasControlPlane())('the CRDs on a real API server', () => {
  let server: ApiServer;
  let installed: ReturnType<ApiServer['kubectl']>;

  beforeAll(async () => {
    server = await startApiServer();
    installed = server.kubectl(['apply', '--server-side', '-f', 'crds/']);
    server.kubectl(['apply', '-f', 'config/samples/00-namespaces.yaml']);
  });
  afterAll(() => server.stop());

  it('are accepted without a warning and become Established', () => {
    expect(installed).toMatchObject({ code: 0, err: '' });
    const wait = server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', 'crds/']);
    expect(wait.code).toBe(0);
    expect(wait.out.match(/condition met/g)).toHaveLength(KINDS.length);
  });

  it.each([...filesOf('config/samples'), ...filesOf('config/later')])('%s is accepted as it is', (file) => {
    const applied = server.kubectl(['apply', '--dry-run=server', '-f', file]);
    expect({ code: applied.code, err: applied.err }).toEqual({ code: 0, err: '' });
  });

  it.each(filesOf('config/invalid'))('%s is refused', (file) => {
    const refused = server.kubectl(['apply', '--dry-run=server', '-f', file]);
    expect(refused.code).not.toBe(0);
    expect(refused.err).toMatch(/is invalid|error validating|unknown field|strict decoding/i);
  });

  it.each(KINDS.map(({ kind, plural }) => [kind, plural]))(
    'kubectl explain describes every field of %s',
    (_, plural) => {
      const { code, out } = server.kubectl(['explain', `${plural}.spec`, '--recursive']);
      expect(code).toBe(0);
      expect(out).not.toContain('<no description>');
      expect(out).toMatch(/FIELDS/);
    },
  );

  it('an update that moves a budget to another window is refused, as is removing what decides it', () => {
    expect(server.kubectl(['apply', '-f', '-'], budget('period: 1d, timeZone: Europe/Berlin')).code).toBe(0);
    for (const changed of ['period: 1w, timeZone: Europe/Berlin', 'period: 1d', 'period: 1d, timeZone: Asia/Tokyo']) {
      const { code, err } = server.kubectl(['apply', '-f', '-'], budget(changed));
      expect({ changed, code }).toEqual({ changed, code: 1 });
      expect(err).toContain('add it under a new name');
    }
    expect(
      server.kubectl(['apply', '-f', '-'], budget('period: 1d, timeZone: Europe/Berlin, mode: Observe')).code,
    ).toBe(0);
  });
});

function budget(members: string): string {
  return `apiVersion: budgetd.dev/v1alpha1\nkind: VirtualKey\nmetadata: {name: fixed, namespace: shop}\nspec: {budgets: [{name: daily, limit: "1", ${members}}]}\n`;
}
