// Prints "PASSED FAILED" of a vitest JSON report. A file that does not load, or a run that ends badly without a failed
// test, counts as one failure: `node count.mjs REPORT EXIT_CODE`.
import { readFileSync } from 'node:fs';

const [report, exitCode] = process.argv.slice(2);
let passed = 0;
let failed = 0;
try {
  const { numPassedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  passed = numPassedTests;
  for (const { status, assertionResults } of testResults) {
    const inFile = assertionResults.filter((test) => test.status === 'failed').length;
    failed += status === 'failed' ? Math.max(1, inFile) : inFile;
  }
} catch (error) {
  console.error(`${report}: ${error.message}`);
}
if (failed === 0 && (exitCode !== '0' || passed === 0)) failed = 1;
console.log(`${passed} ${failed}`);
