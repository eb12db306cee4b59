import { KubeError, type KubeErrorReason } from '../../ports/kube.ts';

/** What an error is about. `path` is without the query. */
export interface KubeAction {
  readonly method: string;
  readonly path: string;
  /** About a Secret: nothing that the server says of it may be repeated. */
  readonly secret: boolean;
}

/** The parts of a `Status` of the API server that decide what an error is. */
export interface KubeStatus {
  /** Empty: none was given. */
  readonly reason: string;
  readonly message: string;
  /** HTTP status; 0 when none was given. */
  readonly code: number;
  /** The object that it is about. Empty: about none, such as a path that the server does not know. */
  readonly name: string;
}

const BY_REASON: Readonly<Record<string, KubeErrorReason>> = {
  Unauthorized: 'Unauthorized',
  Forbidden: 'Forbidden',
  NotFound: 'NotFound',
  AlreadyExists: 'AlreadyExists',
  Conflict: 'Conflict',
  Invalid: 'Invalid',
  Expired: 'Expired',
  Gone: 'Expired',
  InternalError: 'Unavailable',
  ServerTimeout: 'Unavailable',
  ServiceUnavailable: 'Unavailable',
  StorageReadError: 'Unavailable',
  Timeout: 'Unavailable',
  TooManyRequests: 'Unavailable',
};

const BY_CODE: Readonly<Record<number, KubeErrorReason>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  408: 'Unavailable',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'Unavailable',
};

/** Webhooks and credential plugins may answer with a book. */
const TEXT_LENGTH = 500;

/** Reads a `Status`; null: it is none, so something in between answered, or the server does not know the path. */
export function statusOf(value: unknown): KubeStatus | null {
  if (!isRecord(value) || value['kind'] !== 'Status') return null;
  const details = isRecord(value['details']) ? value['details'] : {};
  return {
    reason: textOf(value['reason']),
    message: textOf(value['message']),
    code: typeof value['code'] === 'number' ? value['code'] : 0,
    name: textOf(details['name']),
  };
}

/** The error of an answer with the HTTP status `code`. What the server said is left out where it may hold a Secret. */
export function refusal(action: KubeAction, code: number, status: KubeStatus | null): KubeError {
  const reason = BY_REASON[status?.reason ?? ''] ?? BY_CODE[code] ?? (code >= 500 ? 'Unavailable' : 'Rejected');
  const said = [`answered ${code}`, status?.reason ?? ''].filter((word) => word !== '').join(' ');
  const message = action.secret ? '' : (status?.message ?? '').slice(0, TEXT_LENGTH);
  return new KubeError(reason, sentence(action, message === '' ? said : `${said}: ${message}`));
}

/** There is no answer, or none that an API server gives. */
export function unavailable(action: KubeAction, why: string, cause?: unknown): KubeError {
  return new KubeError('Unavailable', sentence(action, why), cause);
}

/** Nothing was asked: what the caller wants makes no request. */
export function rejected(action: KubeAction, why: string): KubeError {
  return new KubeError('Rejected', sentence(action, why));
}

/** Why something failed, without the parts of a message that may quote what was read. */
export function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'it is not JSON';
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message.slice(0, TEXT_LENGTH);
}

function sentence({ method, path }: KubeAction, what: string): string {
  return `${method} ${path}: ${what}`;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
