import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './repository.js';

/** What `node scripts/<name> --print` prints. */
export function printed(name: string): string {
  return execFileSync(process.execPath, [join(ROOT, 'scripts', name), '--print'], { cwd: ROOT, encoding: 'utf8' });
}
