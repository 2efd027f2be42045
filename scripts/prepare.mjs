// Installs and builds what is missing or stale, and nothing else. Plain Node: it runs before anything is installed.
// Run by `npm start`, `npm test` and the rest; when nothing changed it takes a tenth of a second.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const lockFile = join(root, '.cache', 'prepare.lock');
const bundler = join(root, 'scripts', 'bundle.mjs');
const builtFile = join(root, '.cache', 'built');
/** A lock older than this was left behind by a machine that stopped. */
const LOCK_MAX_AGE_MS = 30 * 60_000;

/** Installs and builds if needed. @throws {Error} when either fails; what failed is on stderr by then. */
export async function prepare() {
  if (installed() && built()) return;
  await withLock(() => {
    if (!installed()) install();
    if (!built()) build();
  });
}

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Whether node_modules holds what package-lock.json says; packages of other platforms may be missing. */
function installed() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const have = readJson(record).packages;
  return Object.entries(readJson(join(root, 'package-lock.json')).packages).every(([path, want]) => {
    if (!path.includes('node_modules/')) return true;
    const found = have[path];
    if (found === undefined) return want.optional === true || want.devOptional === true;
    return found.version === want.version && found.link === want.link;
  });
}

function install() {
  const command = existsSync(join(root, 'node_modules')) ? 'install' : 'ci';
  const started = Date.now();
  console.error(
    `prepare: npm ${command} (node_modules ${command === 'ci' ? 'is missing' : 'differs from package-lock.json'})`,
  );
  npm(command === 'ci' ? ['ci'] : ['install', '--no-save']);
  if (!installed()) npm(['ci']);
  console.error(`prepare: installed in ${seconds(started)}`);
}

function npm(command) {
  // Install scripts stay off (as in .npmrc): the only one here that does anything downloads CUDA libraries.
  const args = [...command, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const cli = process.env.npm_execpath;
  const viaNode = cli?.endsWith('npm-cli.js');
  // NODE_ENV=production would leave the compiler out.
  const options = { env: { ...process.env, NODE_ENV: 'development' } };
  if (viaNode) run(process.execPath, [cli, ...args], options);
  else run('npm', args, { ...options, shell: process.platform === 'win32' });
}

/** Whether the compiled code is what the present sources give: same files, same times, every project's output there. */
function built() {
  if (!existsSync(builtFile) || readFileSync(builtFile, 'utf8') !== fingerprint()) return false;
  return configs().every((file) => existsSync(join(dirname(file), readJson(file).compilerOptions.tsBuildInfoFile)));
}

/** The tsconfig file of every TypeScript project. */
function configs() {
  const { references } = readJson(join(root, 'tsconfig.json'));
  return references.map(({ path }) => join(root, path.endsWith('.json') ? path : join(path, 'tsconfig.json')));
}

/** Every TypeScript project's folder. */
function projects() {
  return [...new Set(configs().map((file) => dirname(file)))];
}

function build() {
  const started = Date.now();
  const before = fingerprint();
  console.error('prepare: tsc -b');
  rmSync(builtFile, { force: true });
  removeOrphans();
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b']);
  if (existsSync(bundler)) run(process.execPath, [bundler]);
  writeFileSync(builtFile, before);
  console.error(`prepare: built in ${seconds(started)}`);
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

function fingerprint() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'node_modules', 'typescript', 'package.json')));
  const shared = [join(root, 'tsconfig.json'), join(root, 'tsconfig.base.json')];
  const own = projects().flatMap((folder) => [join(folder, 'package.json'), ...filesIn(join(folder, 'src'))]);
  for (const file of [...shared, ...configs(), ...own.filter((path) => existsSync(path))].sort()) {
    const { mtimeMs, size } = statSync(file);
    hash.update(`${relative(root, file)} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex');
}

/** tsc leaves the output of a deleted source where it is, and the tests would go on running it. */
function removeOrphans() {
  for (const folder of projects()) {
    for (const file of filesIn(join(folder, 'dist'))) {
      const stem = /^(.*?)\.(?:js|d\.ts)(?:\.map)?$/.exec(relative(join(folder, 'dist'), file))?.[1];
      if (stem !== undefined && !existsSync(join(folder, 'src', `${stem}.ts`))) rmSync(file);
    }
  }
}

function run(command, args, options) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  if (error) throw error;
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')}: ${signal ?? `exit code ${status}`}`);
}

const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** Two of these at once must not write into the same folders: the second waits, and then finds nothing left to do. */
async function withLock(work) {
  mkdirSync(dirname(lockFile), { recursive: true });
  for (let told = false; !takeLock(); told = true) {
    if (!told) console.error(`prepare: waiting for another one (${relative(root, lockFile)})`);
    await sleep(200);
  }
  try {
    work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

function takeLock() {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (abandoned()) rmSync(lockFile, { force: true });
    return false;
  }
}

function abandoned() {
  try {
    const pid = Number(readFileSync(lockFile, 'utf8'));
    const ageMs = Date.now() - statSync(lockFile).mtimeMs;
    // Right after its creation the file is still empty.
    if (pid === 0) return ageMs > 5_000;
    return ageMs > LOCK_MAX_AGE_MS || !isAlive(pid);
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await prepare().catch((error) => {
    console.error(`prepare: ${error.message}`);
    process.exitCode = 1;
  });
}
