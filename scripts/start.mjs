// `npm start`: prepares, then becomes the application. One process, so that signals reach it.
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
process.argv.splice(1, 2, main);
await import(pathToFileURL(main).href);
