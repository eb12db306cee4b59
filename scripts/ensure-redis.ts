/**
 * Makes sure that a `redis-server` >= 7.0 is on PATH: installs Debian's with apt when root. Missing in CI is a failure;
 * elsewhere the tests that need it are skipped loudly.
 */
import { spawnSync } from 'node:child_process';

const HOW = 'install redis-server >= 7.0 (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis)';

if (!usable()) {
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    console.log('installing redis-server with apt');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
    // The tests start their own servers: the package's service must not.
    spawnSync('apt-get', ['install', '-qq', '-y', '--no-install-recommends', 'redis-server'], {
      stdio: 'inherit',
      env,
    });
  }
  if (!usable()) {
    console.error(`no redis-server >= 7.0 on PATH: ${HOW}`);
    if (process.env['CI'] !== undefined) process.exit(1);
    console.error('the tests that need it will be SKIPPED');
  }
}

function usable(): boolean {
  const version = /v=([0-9]+)\./.exec(spawnSync('redis-server', ['--version'], { encoding: 'utf8' }).stdout ?? '');
  return version !== null && Number(version[1]) >= 7;
}
