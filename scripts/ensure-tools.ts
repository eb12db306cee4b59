/** Builds the control plane of the cluster tests where it is missing. Without Go: a failure in CI, a word elsewhere. */
import { buildTools } from '../test/tools/control-plane.ts';

if (!(await buildTools())) {
  console.error('the cluster tests need Go >= 1.24 on PATH, or KUBEBUILDER_ASSETS with etcd and the kube binaries');
  if (process.env['CI'] !== undefined) process.exit(1);
  console.error('they will be SKIPPED');
}
