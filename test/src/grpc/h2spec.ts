import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readText } from '../harness/repository.js';

const run = promisify(execFile);
const EXCEPTIONS = 'docs/h2spec-exceptions.md';
/** Seconds that h2spec waits for an answer that does not come; machines under load need more than its own 2. */
const TIMEOUT_S = 4;

/** What h2spec said of one case. */
export interface H2specCase {
  /** Section and number, as `http2/5.1.2/1`. */
  readonly id: string;
  readonly title: string;
  readonly failure: string | undefined;
}

/** Runs every case, the strict ones too, against a port. */
export async function h2spec(tool: string, port: number, more: readonly string[] = []): Promise<H2specCase[]> {
  const folder = mkdtempSync(join(tmpdir(), 'witan-h2spec-'));
  const report = join(folder, 'report.xml');
  const options = ['-S', '-p', String(port), '-o', String(TIMEOUT_S), '-P', '/contract.Test/Echo', '-j', report];
  try {
    // It ends with 1 when a case failed: the report says which.
    await run(tool, [...options, ...more], { maxBuffer: 1 << 26 }).catch((error: { code?: unknown }) => {
      if (error.code !== 1) throw error;
    });
    return casesOf(readFileSync(report, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads the JUnit report: cases have no id there, so that they are counted by section. */
function casesOf(xml: string): H2specCase[] {
  const cases: H2specCase[] = [];
  for (const [, attributes = '', body = ''] of xml.matchAll(/<testsuite ([^>]*)>([\s\S]*?)<\/testsuite>/g)) {
    const section = /package="([^"]*)"/.exec(attributes)?.[1] ?? '';
    let number = 0;
    for (const [, head = '', inner = ''] of body.matchAll(/<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
      const failure = /<(?:failure|error)[^>]*>([\s\S]*?)<\/(?:failure|error)>/.exec(inner)?.[1];
      const title = textOf(/classname="([^"]*)"/.exec(head)?.[1] ?? '');
      cases.push({ id: `${section}/${++number}`, title, failure: failure && textOf(failure).trim() });
    }
  }
  return cases;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
const textOf = (xml: string): string =>
  xml
    .replace(/&#x([0-9A-Fa-f]+);/g, (_, code: string) => String.fromCodePoint(parseInt(code, 16)))
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name]!);

/** The cases that may fail, of one server: its section's table lists id and reason. */
export function exceptionsOf(server: string): ReadonlyMap<string, string> {
  const section =
    readText(EXCEPTIONS)
      .split(/^## /m)
      .find((part) => part.startsWith(`${server}\n`)) ?? '';
  return new Map([...section.matchAll(/^\| `([^`]+)` \| (.+?) \|$/gm)].map(([, id, reason]) => [id!, reason!]));
}

/** Failures that no exception allows, and exceptions that nothing needs. */
export function judged(
  cases: readonly H2specCase[],
  exceptions: ReadonlyMap<string, string>,
): { unexpected: string[]; needless: string[] } {
  const failed = new Map(cases.filter((each) => each.failure !== undefined).map((each) => [each.id, each]));
  return {
    unexpected: [...failed.values()]
      .filter(({ id }) => !exceptions.has(id))
      .map(({ id, title, failure }) => `${id} ${title}: ${failure}`),
    needless: [...exceptions.keys()].filter((id) => !failed.has(id)),
  };
}
