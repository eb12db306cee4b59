import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A server that the tests build from its Go module, once per version, into a cache outside the checkout. */
interface Tool {
  readonly name: string;
  /** Folder with the go.mod that pins it. */
  readonly module: string;
  /** Module whose version names the build. */
  readonly pinnedBy: string;
  readonly packagePath: string;
}

const TOOLS: readonly Tool[] = [
  { name: 'etcd', module: 'etcd', pinnedBy: 'go.etcd.io/etcd/server/v3', packagePath: 'go.etcd.io/etcd/server/v3' },
  ...['kube-apiserver', 'kube-controller-manager'].map((name) => ({
    name,
    module: 'kubernetes',
    pinnedBy: 'k8s.io/kubernetes',
    packagePath: `k8s.io/kubernetes/cmd/${name}`,
  })),
];

/** Path of a built server. `KUBEBUILDER_ASSETS` (a folder with all of them) comes first. */
export function toolPath(name: string): string {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets !== undefined) return join(assets, name);
  const tool = TOOLS.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no tool is called ${name}`);
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(cache, 'budgetd', `${tool.module}-${versionOf(tool)}`, name);
}

/**
 * Whether the control plane can be started here. In CI a missing one is an error; elsewhere the tests that need it are
 * skipped with a line that says how to get it.
 */
export function hasControlPlane(): boolean {
  const missing = TOOLS.filter(({ name }) => !existsSync(toolPath(name))).map(({ name }) => name);
  if (spawnSync('kubectl', ['version', '--client']).status !== 0) missing.push('kubectl');
  if (missing.length === 0) return true;
  const how = `${missing.join(', ')} missing: run \`make tools\` (needs Go) or set KUBEBUILDER_ASSETS; kubectl comes from PATH`;
  if (process.env['CI'] !== undefined) throw new Error(how);
  console.warn(`SKIPPED: ${how}`);
  return false;
}

/** Builds what is missing. About half a minute for etcd and five minutes for the two of Kubernetes on two cores. */
export function buildTools(): boolean {
  for (const tool of TOOLS) {
    if (!existsSync(toolPath(tool.name)) && !build(tool)) return false;
  }
  return true;
}

function build(tool: Tool): boolean {
  const version = versionOf(tool);
  const target = toolPath(tool.name);
  console.log(`building ${tool.name} ${version} (once; kept in ${target})`);
  mkdirSync(join(target, '..'), { recursive: true });
  const [major = '', minor = ''] = version.split('.');
  const stamp = 'k8s.io/component-base/version';
  // Without a version of its own a server calls itself v0.0.0, which Helm and kubectl refuse.
  const flags = `-s -w -X ${stamp}.gitVersion=v${version} -X ${stamp}.gitMajor=${major} -X ${stamp}.gitMinor=${minor}`;
  const args = ['build', '-ldflags', flags, '-o', `${target}.new`, tool.packagePath];
  const run = spawnSync('go', args, { cwd: join(import.meta.dirname, tool.module), stdio: 'inherit' });
  if (run.status !== 0) {
    console.error(`${tool.name} could not be built${run.error === undefined ? '' : `: ${run.error.message}`}`);
    return false;
  }
  renameSync(`${target}.new`, target);
  return true;
}

function versionOf(tool: Tool): string {
  const text = readFileSync(join(import.meta.dirname, tool.module, 'go.mod'), 'utf8');
  const match = new RegExp(`^require ${tool.pinnedBy} v(\\S+)|^\\s+${tool.pinnedBy} v(\\S+)$`, 'm').exec(text);
  const version = match?.[1] ?? match?.[2];
  if (version === undefined) throw new Error(`test/tools/${tool.module}/go.mod names no ${tool.pinnedBy}`);
  return version;
}
