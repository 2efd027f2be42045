// Joins each package's compiled modules into a few files, which is what applications load: Node needs a quarter of a
// millisecond for every module, and Witan has some 300. `npm run build` and scripts/prepare.mjs call it after tsc.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const packages = join(resolve(dirname(fileURLToPath(import.meta.url)), '..'), 'packages');
/** How a module starts a thread or process from the file beside it: that file must stay one. */
const STARTED = /new URL\('\.\/([\w-]+)\.js', import\.meta\.url\)/g;

export async function bundle() {
  // Loaded here: prepare.mjs imports this file before anything is installed.
  const { rolldown } = await import('rolldown');
  for (const name of readdirSync(packages)) await bundlePackage(rolldown, join(packages, name));
}

async function bundlePackage(rolldown, folder) {
  const { exports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const input = {};
  for (const target of Object.values(exports)) {
    if (target.default?.startsWith('./bundle/') !== true) continue;
    input[basename(target.default, '.js')] = join(folder, target['witan-modules']);
  }
  // One application alone may have been built, and not all packages.
  if (Object.keys(input).length === 0 || !existsSync(join(folder, 'dist'))) return;
  for (const file of startedFiles(join(folder, 'dist'))) input[basename(file, '.js')] = file;
  rmSync(join(folder, 'bundle'), { recursive: true, force: true });
  const build = await rolldown({
    input,
    platform: 'node',
    external: (id) => !/^[./]/.test(id),
    // What is loaded late among single modules may well come along in a bundle.
    onLog: (level, log, report) => void (log.code === 'INEFFECTIVE_DYNAMIC_IMPORT' || report(level, log)),
  });
  await build.write({
    dir: join(folder, 'bundle'),
    format: 'esm',
    sourcemap: true,
    keepNames: true,
    // Flat, so that what lies beside a module in the sources lies beside it here.
    entryFileNames: '[name].js',
    chunkFileNames: 'chunk-[hash].js',
  });
  await build.close();
}

function startedFiles(dist) {
  return readdirSync(dist, { recursive: true })
    .filter((file) => file.endsWith('.js') && !file.endsWith('.spec.js'))
    .flatMap((file) => {
      const source = readFileSync(join(dist, file), 'utf8');
      return [...source.matchAll(STARTED)].map(([, name]) => join(dist, dirname(file), `${name}.js`));
    });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await bundle();
