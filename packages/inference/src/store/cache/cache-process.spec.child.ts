/** A process of its own for tests: fetches the files that it is told to, and says so in one line of JSON. */
import { readFileSync } from 'node:fs';
import { openStore } from '../open-store.js';
import { StoreCache } from './store-cache.js';

const { url, cacheDir, maxBytes, paths } = JSON.parse(process.argv[2]!) as {
  readonly url: string;
  readonly cacheDir: string;
  readonly maxBytes?: number;
  readonly paths: readonly string[];
};

const store = await openStore(url, { retry: { attempts: 1 } });
const cache = new StoreCache({ cacheDir, maxBytes });
const results: unknown[] = [];
for (const path of paths) {
  try {
    const file = (await store.stat(path))!;
    const tree = await cache.tree(store, [file]);
    const content = readFileSync(tree.pathOf(file));
    results.push({ path, bytes: content.length, first: content[0], last: content.at(-1) });
    tree.release();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    results.push({ path, code, message });
  }
}
await cache.close();
console.log(JSON.stringify(results));
