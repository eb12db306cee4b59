import { LEDGER_FORMAT } from '../../core/ledger-fields.ts';
import { errorText, type Log } from '../../ports/log.ts';
import type { Random } from '../../ports/random.ts';
import { PortError } from '../../ports/record-store.ts';
import { errorCode, type Failure } from './failure.ts';
import type { LedgerKeys } from './keys.ts';
import type { Link } from './link.ts';
import { loadScripts, type Script, type ScriptName, type TimeSource } from './scripts.ts';
import { introduce, type Server } from './server.ts';

export type Reply = string | number | null | readonly Reply[];

/** What a script answered: its first word, and the rest. */
interface Answer {
  readonly kind: 'answer';
  readonly verdict: string;
  readonly values: readonly Reply[];
}

/** The scripts over one link, and the incarnation of the data that they are spoken with. */
export interface Connection {
  /** Runs a gated script: puts the known incarnation first, says hello when the ledger has another one. */
  run(name: ScriptName, keys: readonly string[], args: readonly string[]): Promise<Answer | Failure>;
  /** Runs a script that needs no incarnation and may begin one: it gets the server's run id and a fresh one, last. */
  begin(name: 'claim' | 'accept-loss', keys: readonly string[], args: readonly string[]): Promise<Answer | Failure>;
  /** @throws PortError when there is no connection or the ledger cannot be spoken to; a cold ledger is fine */
  ready(): Promise<void>;
}

interface Deps {
  readonly random: Random;
  readonly log: Log;
  readonly link: Link;
  readonly keys: LedgerKeys;
}

/** While the ledger is cold it has no incarnation to know; scripts then answer `cold`, or `hello` once it is warm. */
const COLD = '';

export function createConnection(deps: Deps, time: TimeSource): Connection {
  const { random, link, keys } = deps;
  const scripts = loadScripts(time);
  let session: { readonly losses: number; readonly incarnation: string; readonly server: Server } | null = null;
  let greeting: Promise<string | Failure> | null = null;

  const evaluate = (name: ScriptName, scriptKeys: readonly string[], args: readonly string[]) =>
    runScript(link, scripts[name], scriptKeys, args);

  /** A server is asked for its name once per connection, for the incarnation as often as the ledger demands. */
  async function sayHello(): Promise<string | Failure> {
    const losses = link.losses();
    const server = session?.losses === losses ? session.server : await introduce(link, deps.log);
    if (server.kind !== 'server') return server;
    const answer = await evaluate('hello', [keys.meta], [server.runId, random.uuid()]);
    if (answer.kind !== 'answer' && answer.kind !== 'cold') return answer;
    if (losses !== link.losses()) return { kind: 'away', cause: 'connection lost', uncertain: false };
    const incarnation = answer.kind === 'cold' ? COLD : String(answer.values[0]);
    session = { losses, incarnation, server };
    return incarnation;
  }

  function greet(): Promise<string | Failure> {
    greeting ??= sayHello().finally(() => {
      greeting = null;
    });
    return greeting;
  }

  return {
    run: async (name, scriptKeys, args) => {
      let known = session?.losses === link.losses() ? session.incarnation : await greet();
      for (let tries = 0; tries < 2; tries += 1) {
        if (typeof known !== 'string') return known;
        const answer = await evaluate(name, scriptKeys, [known, ...args]);
        if (answer.kind !== 'answer' || answer.verdict !== 'hello') return answer;
        known = await greet();
      }
      return { kind: 'away', cause: 'the ledger began two incarnations at once', uncertain: false };
    },
    begin: async (name, scriptKeys, args) => {
      const greeted = await greet();
      if (typeof greeted !== 'string') return greeted;
      return evaluate(name, scriptKeys, [...args, session?.server.runId ?? '', random.uuid()]);
    },
    ready: async () => {
      await link.connected();
      const greeted = await greet();
      if (typeof greeted === 'string' || greeted.kind === 'cold') return;
      throw new PortError('ledger', greeted.kind === 'away', greeted.kind === 'away' ? greeted.cause : greeted.what);
    },
  };
}

/** A server that does not know the script yet gets its text. */
async function runScript(
  link: Link,
  script: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<Answer | Failure> {
  const known = await link.attempt(async () => {
    try {
      return await link.redis.evalsha(script.sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (errorCode(errorText(error)) !== 'NOSCRIPT') throw error;
      return link.redis.eval(script.source, keys.length, ...keys, ...args);
    }
  });
  return known.kind === 'value' ? answerOf(known.value) : known;
}

function answerOf(reply: unknown): Answer | Failure {
  const [verdict, ...values] = reply as readonly [string, ...Reply[]];
  if (verdict === 'cold') return { kind: 'cold' };
  if (verdict === 'format') {
    const what = `the ledger has format ${String(values[0])}, this budgetd speaks ${LEDGER_FORMAT}`;
    return { kind: 'misconfigured', what };
  }
  return { kind: 'answer', verdict, values };
}
