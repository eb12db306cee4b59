import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

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
export async function buildTools(): Promise<boolean> {
  for (const tool of TOOLS) {
    if (!existsSync(toolPath(tool.name)) && !(await build(tool))) return false;
  }
  return true;
}

async function build(tool: Tool): Promise<boolean> {
  const version = versionOf(tool);
  const target = toolPath(tool.name);
  console.log(`building ${tool.name} ${version} (once; kept in ${target})`);
  mkdirSync(join(target, '..'), { recursive: true });
  const [major = '', minor = ''] = version.split('.');
  const stamp = 'k8s.io/component-base/version';
  // Without a version of its own a server calls itself v0.0.0, which Helm and kubectl refuse.
  const flags = `-s -w -X ${stamp}.gitVersion=v${version} -X ${stamp}.gitMajor=${major} -X ${stamp}.gitMinor=${minor}`;
  const args = ['build', '-v', '-ldflags', flags, '-o', `${target}.new`, tool.packagePath];
  const failure = await goBuild(tool, args);
  if (failure !== null) {
    console.error(`${tool.name} could not be built:\n${failure}`);
    return false;
  }
  renameSync(`${target}.new`, target);
  return true;
}

const PROGRESS_MS = 15_000;

/** Runs go, which names each package that it compiles; now and then how far it is. Null, or its last lines. */
async function goBuild(tool: Tool, args: readonly string[]): Promise<string | null> {
  const startMs = performance.now();
  const child = spawn('go', args, {
    cwd: join(import.meta.dirname, tool.module),
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const last: string[] = [];
  let packages = 0;
  createInterface({ input: child.stderr }).on('line', (line) => {
    packages += 1;
    last.push(line);
    if (last.length > 20) last.shift();
  });
  const progress = setInterval(() => {
    const seconds = Math.round((performance.now() - startMs) / 1000);
    console.log(`  ${tool.name}: ${packages} packages fetched or compiled after ${seconds} s`);
  }, PROGRESS_MS);
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => last.push(error.message));
    child.once('close', resolve);
  });
  clearInterval(progress);
  return code === 0 ? null : last.join('\n');
}

function versionOf(tool: Tool): string {
  const text = readFileSync(join(import.meta.dirname, tool.module, 'go.mod'), 'utf8');
  const match = new RegExp(`^require ${tool.pinnedBy} v(\\S+)|^\\s+${tool.pinnedBy} v(\\S+)$`, 'm').exec(text);
  const version = match?.[1] ?? match?.[2];
  if (version === undefined) throw new Error(`test/tools/${tool.module}/go.mod names no ${tool.pinnedBy}`);
  return version;
}
