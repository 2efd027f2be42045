import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Loads what record-imports wrote down: each module once, in order, and in the way in which it was loaded. */
export async function importThirdParty(file: string): Promise<void> {
  const require = createRequire(import.meta.url);
  for (const line of new Set(readFileSync(file, 'utf8').trim().split('\n'))) {
    const [how, where] = line.split(' ', 2) as [string, string];
    if (how === 'require') require(where);
    else await import(where);
  }
}
