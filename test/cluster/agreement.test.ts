import { randomInt } from 'node:crypto';
import * as fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_VERSION, type KindDefinition } from '../../src/api/kind.ts';
import { type Kind, KINDS } from '../../src/api/kinds.ts';
import { interpret } from '../../src/api/manifest-reading.ts';
import { type Structural, structural } from '../../src/api/structural.ts';
import { damaged } from '../gen/damage.ts';
import { type Edit, edits } from '../gen/edits.ts';
import { EDITED_SPECS, type Json, SPECS } from '../gen/specs.ts';
import { hasControlPlane } from '../tools/control-plane.ts';
import { type ApiServer, startApiServer } from './api-server.ts';

/*
 * The schemas are obeyed twice: by zod where there is no API server, and by the API server as CRDs. Both must give the
 * same verdict about every object. A failure names its seed; BUDGETD_SEED repeats it.
 */

const NIGHTLY = process.env['BUDGETD_NIGHTLY'] !== undefined;
const OBJECTS_PER_KIND = NIGHTLY ? 3000 : 150;
const EDITS_PER_KIND = NIGHTLY ? 1000 : 60;
/** So often at least, in a hundred, must each verdict occur; else the generator has become blunt. */
const LEAST_PERCENT = 10;
const AT_ONCE = 8;
const SEED = Number(process.env['BUDGETD_SEED'] ?? randomInt(2 ** 31));

interface Verdict {
  readonly accepted: boolean;
  readonly why: string;
}

interface Difference {
  readonly object: string;
  readonly expected: Verdict;
  readonly found: Verdict;
}

interface Judgement {
  readonly accepted: boolean;
  readonly difference?: Difference;
}

describe.skipIf(!hasControlPlane())('zod and the API server give the same verdict', () => {
  let server: ApiServer;

  beforeAll(async () => {
    server = await startApiServer();
    expect(server.kubectl(['apply', '--server-side', '-f', 'crds/'])).toMatchObject({ code: 0 });
    const wait = server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', 'crds/']);
    expect(wait).toMatchObject({ code: 0 });
  });
  afterAll(() => server.stop());

  it.each(KINDS)('about any new $kind', async (definition) => {
    const create = `${pathOf(definition)}?dryRun=All&fieldValidation=Strict`;
    const objects = fc.sample(objectsOf(definition), { numRuns: OBJECTS_PER_KIND, seed: SEED });
    await expectAgreement(objects, async (object) => {
      const found = await verdictOf(server.send('POST', create, object));
      return judged(object, zodsVerdict(object), found);
    });
  });

  const edited = KINDS.filter(({ kind }) => kind in EDITED_SPECS);

  it.each(edited)('about what of a $kind may change', async (definition) => {
    const path = pathOf(definition);
    const { kind } = definition;
    const pairs = fc.sample(editsOf(kind as keyof typeof EDITED_SPECS), { numRuns: EDITS_PER_KIND, seed: SEED });
    const numbered = pairs.map((edit, index) => ({ edit, name: `edited-${index}` }));
    await expectAgreement(numbered, async ({ edit: { before, after }, name }) => {
      const stored = await server.send('POST', path, resource(kind, { name }, { spec: before }));
      expect(stored).toMatchObject({ status: 201 });
      const { metadata } = stored.answer as { readonly metadata: Json };
      const change = resource(kind, metadata, { spec: after });
      const found = await verdictOf(server.send('PUT', `${path}/${name}?dryRun=All`, change));
      const broken = brokenPromise(before, after);
      // A refusal for another reason would be no proof.
      if (!found.accepted) expect(found.why, `seed ${SEED}`).toContain('immutable');
      return judged({ before, after }, { accepted: broken === undefined, why: broken ?? '' }, found);
    });
  });
});

it.each(KINDS)('a generated $kind is valid until it is damaged', ({ kind }) => {
  const findings = fc
    .sample(SPECS[kind], { numRuns: OBJECTS_PER_KIND, seed: SEED })
    .flatMap((spec) => interpret(resource(kind, { name: 'any' }, { spec })).findings);
  expect({ seed: SEED, findings }).toEqual({ seed: SEED, findings: [] });
});

async function expectAgreement<T>(cases: readonly T[], judge: (one: T) => Promise<Judgement>): Promise<void> {
  const judgements: Judgement[] = [];
  for (let start = 0; start < cases.length; start += AT_ONCE) {
    judgements.push(...(await Promise.all(cases.slice(start, start + AT_ONCE).map(judge))));
  }
  const differences = judgements.flatMap(({ difference }) => difference ?? []).slice(0, 5);
  expect({ seed: SEED, differences }).toEqual({ seed: SEED, differences: [] });
  const acceptedPercent = (100 * judgements.filter(({ accepted }) => accepted).length) / cases.length;
  expect(acceptedPercent, `accepted, seed ${SEED}`).toBeGreaterThan(LEAST_PERCENT);
  expect(acceptedPercent, `accepted, seed ${SEED}`).toBeLessThan(100 - LEAST_PERCENT);
}

function judged(object: unknown, expected: Verdict, found: Verdict): Judgement {
  const { accepted } = expected;
  if (accepted === found.accepted) return { accepted };
  return { accepted, difference: { object: JSON.stringify(object), expected, found } };
}

function zodsVerdict(object: Json): Verdict {
  const { object: read, findings } = interpret(object);
  return { accepted: read !== undefined, why: JSON.stringify(findings) };
}

async function verdictOf(sent: ReturnType<ApiServer['send']>): Promise<Verdict> {
  const { status, answer } = await sent;
  const accepted = status === 200 || status === 201;
  if (!accepted && status !== 400 && status !== 422) throw new Error(`status ${status}: ${JSON.stringify(answer)}`);
  return { accepted, why: accepted ? '' : String((answer as Json)['message']) };
}

function objectsOf(definition: KindDefinition<Kind>): fc.Arbitrary<Json> {
  const members = SPECS[definition.kind].map((spec) => ({ spec }));
  return damaged(schemaOf(definition), members).map((each) => resource(definition.kind, { name: 'any' }, each));
}

/** The schema of a whole object but for what the API server itself reads. */
function schemaOf({ spec }: KindDefinition): Structural {
  return { type: 'object', description: '', required: ['spec'], properties: { spec: structural(spec, 'spec') } };
}

/** Edits of which both sides are valid: only the change itself is judged. */
function editsOf(kind: keyof typeof EDITED_SPECS): fc.Arbitrary<Edit> {
  const isValid = (spec: Json): boolean => zodsVerdict(resource(kind, { name: 'any' }, { spec })).accepted;
  return edits(EDITED_SPECS[kind].map((spec) => structuredClone(spec))).filter(({ after }) => isValid(after));
}

/** Cloned, because generated objects have no prototype and those of a parser do. */
function resource(kind: string, metadata: Json, members: Json): Json {
  return structuredClone({
    apiVersion: API_VERSION,
    kind,
    metadata: { namespace: 'default', ...metadata },
    ...members,
  });
}

const pathOf = ({ plural }: KindDefinition): string => `/apis/${API_VERSION}/namespaces/default/${plural}`;

/*
 * What may not change, by the contract and without CEL: whatever decides a budget's windows or what it counts, under
 * one name; where a key comes from; whom a Customer speaks of; an adjustment as a whole.
 */

interface Part {
  readonly name?: string;
  readonly user?: string;
  readonly type?: string;
  readonly subject?: unknown;
  readonly key?: Part;
  readonly match?: unknown;
  readonly budgets?: readonly Part[];
  readonly members?: readonly Part[];
  readonly memberDefaults?: Part;
  readonly models?: readonly string[];
}

/** The first immutable part that an edit changes. */
function brokenPromise(before: Part, after: Part): string | undefined {
  if (before.subject !== undefined) return isDeepStrictEqual(before, after) ? undefined : 'adjustment';
  if ((before.key?.type ?? 'Generated') !== (after.key?.type ?? 'Generated')) return 'key.type';
  if (!isDeepStrictEqual(before.match, after.match)) return 'match';
  const twins = (before.members ?? []).flatMap((member): [Part, Part | undefined][] => [
    [member, after.members?.find(({ user }) => user === member.user)],
  ]);
  const holders: [Part | undefined, Part | undefined][] = [
    [before, after],
    [before.memberDefaults, after.memberDefaults],
    ...twins,
  ];
  return holders.map(([old, now]) => redefined(old?.budgets ?? [], now?.budgets ?? [])).find(Boolean);
}

function redefined(before: readonly Part[], after: readonly Part[]): string | undefined {
  return before.find((budget) => {
    const now = after.find(({ name }) => name === budget.name);
    return now !== undefined && !isDeepStrictEqual(countedBy(budget), countedBy(now));
  })?.name;
}

/** What decides when a budget starts afresh and which calls it counts; models are a set. */
function countedBy(budget: Part): Json {
  const { period, alignment, anchor, timeZone, weekStart } = budget as Json;
  return {
    period,
    alignment: alignment ?? 'Calendar',
    anchor,
    timeZone: timeZone ?? 'UTC',
    weekStart: weekStart ?? 'Monday',
    models: budget.models?.toSorted(),
  };
}
