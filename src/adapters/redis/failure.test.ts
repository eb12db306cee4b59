import { expect, test } from 'vitest';
import { failureOf } from './failure.ts';

function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

test('a server that cannot serve now is away, and the command certainly had no effect', () => {
  for (const message of [
    'LOADING Redis is loading the dataset in memory',
    'READONLY You can not write against a read only replica.',
    'CLUSTERDOWN The cluster is down',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'MASTERDOWN Link with MASTER is down',
    'BUSY Redis is busy running a script',
    'NOREPLICAS Not enough good replicas to write.',
    'MISCONF Redis is configured to save RDB snapshots',
  ]) {
    expect(failureOf(replyError(message), null)).toEqual({ kind: 'away', cause: message, uncertain: false });
  }
});

test('what only a person can cure is misconfigured, in his words and with the server\u2019s', () => {
  for (const [message, advice] of [
    ["OOM command not allowed when used memory > 'maxmemory'.", 'raise it'],
    ['NOPERM this user has no permissions to access one of the keys', 'permission'],
    ['NOAUTH Authentication required.', 'password'],
    ['WRONGTYPE Operation against a key', 'another type'],
    ['MOVED 3999 127.0.0.1:6381', 'cluster'],
    ['ERR unknown command', 'refuses a command'],
  ] as const) {
    const failure = failureOf(replyError(message), null);
    expect(failure).toMatchObject({ kind: 'misconfigured', what: expect.stringContaining(advice) });
    expect(failure).toMatchObject({ what: expect.stringContaining(message) });
  }
});

test('a command without an answer may still run: the caller must release its id', () => {
  for (const message of ['Command timed out', 'Connection is closed.', 'Reached the max retries per request limit']) {
    expect(failureOf(new Error(message), null)).toMatchObject({ kind: 'away', uncertain: true });
  }
});

test('a command that was never sent had no effect, and names the server\u2019s refusal if that is why', () => {
  const error = new Error("Stream isn't writeable and enableOfflineQueue options is false");
  expect(failureOf(error, null)).toEqual({ kind: 'away', cause: 'not connected', uncertain: false });
  expect(failureOf(error, 'WRONGPASS invalid username-password pair')).toMatchObject({ kind: 'misconfigured' });
});
