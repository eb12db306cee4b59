import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_VERSION, VERSION } from '../../src/api/kind.ts';
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

  it.each(KINDS)('every field of $kind is described where kubectl explain looks', async ({ kind, plural }) => {
    const path = `/openapi/v3/apis/${API_VERSION}`;
    const read = async (): Promise<Served | undefined> => {
      const { answer } = await server.send('GET', path);
      return (answer as OpenApi).components?.schemas[`dev.budgetd.${VERSION}.${kind}`];
    };
    // The API server publishes the schemas of a new CRD a moment after it is Established.
    await expect.poll(read, { timeout: 60_000, interval: 200 }).toBeDefined();
    const fields = fieldsOf((await read()) ?? {}, plural);
    expect(fields.length).toBeGreaterThan(20);
    expect(fields.filter(({ description = '' }) => description === '').map(({ where }) => where)).toEqual([]);
  });

  it('kubectl explain shows the description of a field', () => {
    const { code, out } = server.kubectl(['explain', 'virtualkeys.spec.budgets.anchor']);
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/DESCRIPTION:\s+Local date-time in timeZone/),
    });
  });

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

/** The part of a served schema that kubectl explain reads. */
interface Served {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Served>>;
  readonly items?: Served;
  readonly additionalProperties?: Served;
}

interface OpenApi {
  readonly components?: { readonly schemas: Readonly<Record<string, Served>> };
}

interface ServedField {
  readonly where: string;
  readonly description?: string;
}

/** A schema and all below it. Kubernetes itself describes what is in metadata. */
function fieldsOf(schema: Served, where: string): ServedField[] {
  const { description, properties = {}, items, additionalProperties } = schema;
  return [
    { where, ...(description === undefined ? {} : { description }) },
    ...Object.entries(properties).flatMap(([name, member]) => fieldsOf(member, `${where}.${name}`)),
    ...(items === undefined ? [] : fieldsOf(items, `${where}[]`)),
    ...(additionalProperties === undefined ? [] : fieldsOf(additionalProperties, `${where}[*]`)),
  ];
}

function budget(members: string): string {
  return `apiVersion: budgetd.dev/v1alpha1\nkind: VirtualKey\nmetadata: {name: fixed, namespace: shop}\nspec: {budgets: [{name: daily, limit: "1", ${members}}]}\n`;
}
