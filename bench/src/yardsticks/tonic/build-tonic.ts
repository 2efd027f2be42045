import { spawnSync } from 'node:child_process';
import { dataFile, ROOT } from '../../paths.js';

/** The folder with the servers in Rust, or why there are none. */
export type Built = { readonly folder: string } | { readonly missing: string };

const SOURCE = `${ROOT}bench/src/yardsticks/tonic/server`;

let built: Built | undefined;

/** Builds the tonic and prost servers, on first use for some minutes; needs cargo, and the network then. */
export const buildTonic = (): Built => (built ??= build());

function build(): Built {
  const target = dataFile('tonic');
  console.error('bench: building the tonic servers (minutes, the first time)');
  const options = ['build', '--release', '--locked', '--quiet', '--target-dir', target];
  const { status, error, stderr } = spawnSync('cargo', options, { cwd: SOURCE, encoding: 'utf8' });
  if (status === 0) return { folder: `${target}/release` };
  const why = error?.message ?? stderr.trim().split('\n')[0] ?? 'it failed';
  return { missing: `cargo build: ${why}` };
}

/** What a suite says when it compares with less than it could. */
export const tonicRemarks = (tonic: Built): string[] =>
  'missing' in tonic ? [`no tonic server to compare with: ${tonic.missing}`] : [];
