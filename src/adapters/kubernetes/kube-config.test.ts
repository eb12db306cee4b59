import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadKubeAccess } from './kube-config.ts';

const ACCOUNT = 'var/run/secrets/kubernetes.io/serviceaccount';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const kubeconfig = (user: unknown, cluster: unknown = {}, context: unknown = {}): string =>
  JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: 'https://kube.test:6443/', ...(cluster as object) } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', ...(context as object) } }],
    'current-context': 'x',
  });

describe('where the API server is and who asks it', () => {
  let folder: string;

  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'budgetd-kubeconfig-'));
    vi.stubEnv('KUBECONFIG', '');
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '');
    vi.stubEnv('HOME', folder);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  it('is in the pod: address, namespace, and token and CA as they are at the time', async () => {
    const account = join(folder, ACCOUNT);
    mkdirSync(account, { recursive: true });
    for (const [name, text] of [
      ['token', 't1'],
      ['ca.crt', 'ca1'],
      ['namespace', 'budgetd\n'],
    ] as const) {
      writeFileSync(join(account, name), text);
    }
    vi.stubEnv('KUBERNETES_SERVICE_HOST', 'fd00::1');
    vi.stubEnv('KUBERNETES_SERVICE_PORT', '443');
    const access = loadKubeAccess({ root: `${folder}/` });
    expect([access.server, access.namespace]).toEqual(['https://[fd00::1]:443', 'budgetd']);
    const first = await access.credentials();
    expect(first.headers).toEqual({ authorization: 'Bearer t1' });
    expect(String(first.tls.ca)).toBe('ca1');
    expect(first.tls.rejectUnauthorized).not.toBe(false);

    writeFileSync(join(account, 'token'), 't2');
    writeFileSync(join(account, 'ca.crt'), 'ca2');
    expect(String((await access.credentials()).tls.ca)).toBe('ca2');
    access.refresh(first.generation);
    expect((await access.credentials()).headers).toEqual({ authorization: 'Bearer t2' });
  });

  it('is in the file that is named, else in those of $KUBECONFIG, of which the first counts', async () => {
    const named = write('named', kubeconfig({ token: 't' }, {}, { namespace: 'shop' }));
    const other = kubeconfig({ token: 'o' }, { server: 'https://other.test' }).replaceAll(
      /"name":"(\w)"/g,
      '"name":"$1$1"',
    );
    const users = other.replace('"cluster":"c"', '"cluster":"cc"').replace('"user":"u"', '"user":"uu"');
    const second = write('second', users.replace('"current-context":"x"', '"current-context":"xx"'));
    vi.stubEnv('KUBECONFIG', [named, second].join(delimiter));
    expect(loadKubeAccess({})).toMatchObject({ server: 'https://kube.test:6443', namespace: 'shop' });
    expect(loadKubeAccess({ context: 'xx' })).toMatchObject({ server: 'https://other.test', namespace: 'default' });
    expect(loadKubeAccess({ file: second })).toMatchObject({ server: 'https://other.test' });
  });

  it('is in ~/.kube/config at last', () => {
    expect(() => loadKubeAccess({ root: folder })).toThrow(/no Kubernetes configuration/);
    mkdirSync(join(folder, '.kube'));
    write('.kube/config', kubeconfig({ token: 't' }));
    expect(loadKubeAccess({ root: folder }).server).toBe('https://kube.test:6443');
  });

  it('takes certificates from beside the file or from within it', async () => {
    write('ca.pem', 'a CA');
    write('key.pem', 'a key');
    const user = { 'client-certificate-data': base64('a certificate'), 'client-key': 'key.pem' };
    const file = write('k', kubeconfig(user, { 'certificate-authority': 'ca.pem', 'tls-server-name': 'kube' }));
    const { tls, headers } = await loadKubeAccess({ file }).credentials();
    expect([tls.ca, tls.cert, tls.key].map(String)).toEqual(['a CA', 'a certificate', 'a key']);
    expect([tls.servername, headers]).toEqual(['kube', {}]);
  });

  it('reads the token file that kubectl knows, and leaves its newline out', async () => {
    write('token', 'from-a-file\n');
    const file = write('k', kubeconfig({ tokenFile: 'token', token: 'stale' }));
    expect((await loadKubeAccess({ file }).credentials()).headers).toEqual({ authorization: 'Bearer from-a-file' });
  });

  it('asks a credential plugin, again only when the server refused what it gave', async () => {
    const count = join(folder, 'count');
    const script = `echo >> ${count}; echo '{"status":{"token":"t'$(wc -l < ${count})'"}}'`;
    const file = write('k', kubeconfig({ exec: { command: 'sh', args: ['-c', script] } }));
    const access = loadKubeAccess({ file });
    const first = await access.credentials();
    expect((await access.credentials()).headers).toEqual({ authorization: 'Bearer t1' });
    access.refresh(first.generation);
    access.refresh(first.generation);
    const second = await access.credentials();
    expect([second.headers, second.generation]).toEqual([{ authorization: 'Bearer t2' }, first.generation + 1]);
  });

  it('knows user and password, and whom to impersonate', async () => {
    const file = write('k', kubeconfig({ username: 'ann', password: 'pass', as: 'bob' }));
    expect((await loadKubeAccess({ file }).credentials()).headers).toEqual({
      authorization: `Basic ${base64('ann:pass')}`,
      'impersonate-user': 'bob',
    });
  });

  it.each([
    ['users: [{name: u, user: {token: hush', /is not YAML/],
    ['hush', /is no kubeconfig/],
    [kubeconfig({ token: 'hush' }, { 'proxy-url': 'http://proxy.test' }), /proxy-url/],
    [kubeconfig({ token: 'hush' }, {}, { user: 'nobody' }), /no user "nobody"/],
    [kubeconfig({ token: 'hush' }, {}, { cluster: 'nowhere' }), /no cluster "nowhere"/],
    [kubeconfig({ token: 'hush' }).replace('"current-context":"x"', '"current-context":"y"'), /no context "y"/],
  ])('refuses what makes no sense without quoting it: %#', (text, message) => {
    const file = write('k', text);
    const load = (): unknown => loadKubeAccess({ file });
    expect(load).toThrow(message);
    expect(load).not.toThrow(/hush/);
  });
});
