import { spawnSync } from 'node:child_process';
import { dataFile, ROOT } from '../../paths.js';

/** The server in Rust, or why there is none. */
export type Built = { readonly path: string } | { readonly missing: string };

const SOURCE = `${ROOT}bench/src/yardsticks/hushar/tonic-server`;

/** Builds the tonic and prost server, on first use for some minutes; needs cargo, and the network then. */
export function buildTonic(): Built {
  const target = dataFile('tonic');
  console.error('bench: building the tonic server (minutes, the first time)');
  const options = ['build', '--release', '--locked', '--quiet', '--target-dir', target];
  const { status, error, stderr } = spawnSync('cargo', options, { cwd: SOURCE, encoding: 'utf8' });
  if (status === 0) return { path: `${target}/release/hushar-yardstick` };
  const why = error?.message ?? stderr.trim().split('\n')[0] ?? 'it failed';
  return { missing: `cargo build: ${why}` };
}
