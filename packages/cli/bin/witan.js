#!/usr/bin/env node
import { witan } from '../dist/witan.js';

const code = await witan(process.argv.slice(2), {
  cwd: process.cwd(),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
// An application's module may leave timers or handles open: end once everything is written.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
