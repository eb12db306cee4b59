import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher } from 'undici';
import { KubeError } from '../../ports/kube.ts';

/** Where the API server is and how to speak to it now. */
export interface Access {
  readonly server: string;
  readonly headers: Readonly<Record<string, string>>;
  /** One connection pool for short calls, one for watches, which hold theirs for minutes. */
  readonly dispatcher: (use: 'call' | 'watch') => Dispatcher;
}

export interface KubeAccess {
  /** The namespace of the pod, else of the context, else `default`. */
  readonly namespace: string;
  /** Fresh credentials: token files are read again, exec plugins asked. @throws KubeError */
  access(): Promise<Access>;
  close(): Promise<void>;
}

const POD_NAMESPACE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * The client library's own way to its configuration: $KUBECONFIG, ~/.kube/config, else the pod's service account. Only
 * its authentication is used: it would make a TLS connection for every call, and drop what its models do not know.
 *
 * @throws KubeError when there is no configuration that can be read
 */
export function loadKubeAccess(): KubeAccess {
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
  } catch (error) {
    throw new KubeError('Rejected', `the Kubernetes configuration cannot be read: ${reasonOf(error)}`, error);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new KubeError('Rejected', 'the Kubernetes configuration names no current cluster');
  const server = cluster.server.replace(/\/+$/, '');
  const context = config.getContextObject(config.getCurrentContext());
  let pools: { readonly print: string; readonly call: Agent; readonly watch: Agent } | null = null;

  return {
    namespace: existsSync(POD_NAMESPACE)
      ? readFileSync(POD_NAMESPACE, 'utf8').trim()
      : (context?.namespace ?? 'default'),
    async access() {
      const options: Parameters<KubeConfig['applyToHTTPSOptions']>[0] = {};
      try {
        await config.applyToHTTPSOptions(options);
      } catch (error) {
        throw new KubeError('Unauthorized', `no credentials for the API server: ${reasonOf(error)}`, error);
      }
      const { ca, cert, key, passphrase, servername, rejectUnauthorized } = options;
      const tls = withoutAbsent({ ca, cert, key, passphrase, servername, rejectUnauthorized });
      const print = hash('sha256', JSON.stringify(tls), 'hex');
      if (pools?.print !== print) {
        // A rotated certificate: what still runs on the old connections may finish.
        void pools?.call.close();
        void pools?.watch.close();
        const connect = { ...tls, timeout: CONNECT_TIMEOUT_MS };
        pools = { print, call: new Agent({ connect }), watch: new Agent({ connect }) };
      }
      const { call, watch } = pools;
      return {
        server,
        headers: { ...headersOf(options.headers), ...basic(options.auth) },
        dispatcher: (use) => (use === 'call' ? call : watch),
      };
    },
    async close() {
      await Promise.all([pools?.call.destroy(), pools?.watch.destroy()]);
    },
  };
}

function headersOf(headers: unknown): Record<string, string> {
  const entries = Object.entries((headers ?? {}) as Record<string, unknown>);
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]));
}

function basic(auth: string | null | undefined): Record<string, string> {
  return auth ? { authorization: `Basic ${Buffer.from(auth, 'utf8').toString('base64')}` } : {};
}

function withoutAbsent(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
