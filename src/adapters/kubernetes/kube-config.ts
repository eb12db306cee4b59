import { accessSync, readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';

/** What a TLS connection to the API server needs. Absent: the system's defaults. */
export interface KubeTls {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Who asks, in one request. */
export interface KubeCredentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: KubeTls;
  /** For {@link KubeAccess.refresh}. */
  readonly generation: number;
}

/** Where the API server is and who asks it. */
export interface KubeAccess {
  /** Without a slash at the end. It may have a path. */
  readonly server: string;
  /** Of the pod, or of the context; `default` where neither says. */
  readonly namespace: string;
  /** Reads again what rotates: the token's file (at most a minute old), certificates, a credential plugin's answer. */
  credentials(): Promise<KubeCredentials>;
  /** Reads the whole configuration again, because the server refused these credentials. Those of before change nothing. */
  refresh(generation: number): void;
}

export interface KubeAccessOptions {
  /** A kubeconfig file. Absent: $KUBECONFIG, else the pod's Service Account, else ~/.kube/config. */
  readonly file?: string;
  /** Absent: the current one. */
  readonly context?: string;
  /** Put before the paths of the pod's Service Account; for tests. */
  readonly root?: string;
}

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Finds the API server as kubectl does. It takes of the client library what is hard to get right, configuration and
 * credentials, and nothing else: its requests know no deadline, share no connection and drop what they have no type for.
 *
 * The library costs 85 MB and half a second to load. Whoever composes a command that needs this folder imports it when the
 * command runs (`await import`), never at the top: the proxy shares the program.
 *
 * @throws Error when there is no configuration or it makes no sense; its message names no credential
 */
export function loadKubeAccess(options: KubeAccessOptions): KubeAccess {
  let config = load(options);
  let generation = 1;
  const { server, namespace } = targetOf(config);
  return {
    server,
    namespace,
    credentials: async () => ({ ...(await credentialsOf(config)), generation }),
    refresh(refused) {
      if (refused !== generation) return;
      config = load(options);
      generation += 1;
    },
  };
}

function load(options: KubeAccessOptions): KubeConfig {
  const config = read(options);
  if (options.context !== undefined) config.setCurrentContext(options.context);
  return config;
}

function read({ file, root = '' }: KubeAccessOptions): KubeConfig {
  const { KUBECONFIG = '', KUBERNETES_SERVICE_HOST = '' } = process.env;
  if (file !== undefined) return readFiles([file]);
  const listed = KUBECONFIG.split(delimiter).filter((path) => path !== '');
  if (listed.length > 0) return readFiles(listed);
  if (KUBERNETES_SERVICE_HOST !== '' && isReadable(`${root}${ACCOUNT}/token`)) {
    const config = new KubeConfig();
    config.loadFromCluster(root);
    return config;
  }
  const own = join(homedir(), '.kube', 'config');
  if (isReadable(own)) return readFiles([own]);
  throw new Error('no Kubernetes configuration: this is no pod with a Service Account, and there is no kubeconfig');
}

function readFiles(files: readonly string[]): KubeConfig {
  const merged = new KubeConfig();
  for (const file of files) {
    const config = new KubeConfig();
    const folder = dirname(resolve(file));
    config.loadFromString(JSON.stringify(withTokenFiles(parseFile(file), folder)));
    config.makePathsAbsolute(folder);
    // As kubectl does it: the first file that names a current context counts.
    merged.mergeConfig(config, merged.getCurrentContext() !== undefined);
  }
  return merged;
}

interface KubeconfigFile {
  readonly users?: readonly KubeconfigUser[];
}

interface KubeconfigUser {
  readonly name?: unknown;
  readonly user?: Readonly<Record<string, unknown>> | null;
}

/** A parser's message quotes the line, which may be a credential. */
function parseFile(file: string): KubeconfigFile {
  const text = readFileSync(file, 'utf8');
  let parsed: unknown;
  try {
    parsed = parse(text);
  } catch {
    throw new Error(`${file} is not YAML`);
  }
  if (typeof parsed !== 'object' || parsed === null) throw new Error(`${file} is no kubeconfig`);
  return parsed;
}

function withTokenFiles(file: KubeconfigFile, folder: string): KubeconfigFile {
  return Array.isArray(file.users) ? { ...file, users: file.users.map((user) => withTokenFile(user, folder)) } : file;
}

/** The library knows `token-file`, which nobody writes, and not kubectl's `tokenFile`; in this form it reads it again. */
function withTokenFile(entry: KubeconfigUser, folder: string): KubeconfigUser {
  const { tokenFile } = entry.user ?? {};
  if (typeof tokenFile !== 'string') return entry;
  const authProvider = { name: 'tokenFile', config: { tokenFile: resolve(folder, tokenFile) } };
  // As in kubectl, the file counts more than a token beside it.
  return { ...entry, user: { ...entry.user, token: undefined, 'auth-provider': authProvider } };
}

function targetOf(config: KubeConfig): { readonly server: string; readonly namespace: string } {
  const context = config.getContextObject(config.getCurrentContext());
  if (context === null) throw new Error(`the kubeconfig has no context "${config.getCurrentContext() ?? ''}"`);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`the kubeconfig has no cluster "${context.cluster}"`);
  if (config.getCurrentUser() === null) throw new Error(`the kubeconfig has no user "${context.user}"`);
  // Ignoring it would show the credentials to whoever is at the cluster's address here.
  if ((cluster.proxyUrl ?? '') !== '') throw new Error('a proxy-url in a kubeconfig is not supported');
  const namespace = context.namespace?.trim() ?? '';
  return { server: cluster.server.replace(/\/+$/, ''), namespace: namespace === '' ? 'default' : namespace };
}

async function credentialsOf(config: KubeConfig): Promise<Omit<KubeCredentials, 'generation'>> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, servername, rejectUnauthorized, auth } = options;
  const headers: Record<string, string> = {};
  // A file's last newline is no part of the token, and no header may hold it.
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim();
  if (typeof auth === 'string') headers['authorization'] ??= `Basic ${Buffer.from(auth).toString('base64')}`;
  const tls = { ca, cert, key, servername, rejectUnauthorized };
  return { headers, tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)) };
}

function isReadable(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}
