// `npm start`: prepares, then becomes the application.
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { prepare } from './prepare.mjs';

const app = process.argv[2] ?? 'iris';
const main = resolve(dirname(fileURLToPath(import.meta.url)), '..', 'apps', app, 'dist', 'main.js');

try {
  await prepare();
} catch (error) {
  console.error(`prepare: ${error.message}`);
  process.exit(1);
}
if (process.env.npm_lifecycle_event === 'start') stopWithShell();
process.argv.splice(1, 2, main);
await import(pathToFileURL(main).href);

/** npm runs this in a shell and sends its signals to that shell, which ends without passing them on: end with it. */
function stopWithShell() {
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 200);
  watch.unref();
}
