// Preloaded with --import: writes down which third-party modules an application's own code and Witan's load, as they
// load them. IMPORTS_FILE gets `import URL` or `require PATH` a line, in order. It runs in every thread.
import { appendFileSync } from 'node:fs';
import Module, { isBuiltin, register } from 'node:module';

const file = process.env['IMPORTS_FILE']!;

register(new URL('./record-imports-hooks.js', import.meta.url), { data: { file } });

interface Loader {
  _load(request: string, parent: NodeJS.Module | undefined, isMain: boolean): unknown;
  _resolveFilename(request: string, parent: NodeJS.Module | undefined): string;
}

// What ECMAScript modules load by createRequire does not pass the hooks.
const loader = Module as unknown as Loader;
const load = loader._load;
loader._load = function (request, parent, isMain) {
  const ours =
    parent?.filename !== undefined && parent.filename !== null && !parent.filename.includes('/node_modules/');
  if (ours && !isBuiltin(request)) {
    const found = loader._resolveFilename(request, parent);
    if (found.includes('/node_modules/')) appendFileSync(file, `require ${found}\n`);
  }
  return load.call(this, request, parent, isMain);
};
