// Writes docs/errors.md from the packages' error tables, as they are compiled. `--print` prints it instead.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const load = (file) => import(pathToFileURL(join(root, file)).href);
const { CATEGORY_STATUS } = await load('packages/core/dist/errors/category.js');

const HEADER = `# Errors

Every error that Witan raises has a **code** that is never renamed, and a **category**, one of a closed set with the
names of gRPC's statuses. Over HTTP an error is JSON:

\`\`\`json
{ "error": { "code": "CORE_ERR_…", "status": "INVALID_ARGUMENT", "message": "…", "requestId": "…", "details": {} } }
\`\`\`

Over gRPC it is the status with the message, and the code in \`google.rpc.ErrorInfo\`. A message says what was seen, what
the limit is, and what to do. Stacks and causes stay in the log, under the request id.

This page is written by \`npm run docs:errors\` from the tables in the sources; a test compares the two.

## Categories

| category | HTTP | gRPC | logged as |
|---|---|---|---|
`;

function tableFiles() {
  return readdirSync(join(root, 'packages')).flatMap((name) => {
    const dist = join('packages', name, 'dist');
    if (!existsSync(join(root, dist))) return [];
    const files = readdirSync(join(root, dist), { recursive: true, encoding: 'utf8' });
    return files.filter((file) => file.endsWith('.errors.js')).map((file) => ({ name, file: join(dist, file) }));
  });
}

/** Package name to its rows, in the order of their codes. */
async function tables() {
  const found = new Map();
  for (const { name, file } of tableFiles()) {
    for (const [exported, table] of Object.entries(await load(file))) {
      if (!exported.endsWith('_ERRORS')) continue;
      found.set(name, [...(found.get(name) ?? []), ...Object.entries(table)]);
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function row([code, { category, http, summary }]) {
  const status = CATEGORY_STATUS[category];
  return `| \`${code}\` | ${category} | ${http ?? status.http} | ${status.grpc} | ${cell(summary)} |`;
}

function section([name, rows]) {
  const lines = rows.sort(([a], [b]) => (a < b ? -1 : 1)).map(row);
  return `\n## @witan/${name}\n\n| code | category | HTTP | gRPC | when, and what to do |\n|---|---|---|---|---|\n${lines.join('\n')}\n`;
}

const categories = Object.entries(CATEGORY_STATUS).map(
  ([name, { http, grpc, log }]) => `| ${name} | ${http} | ${grpc} | ${log} |\n`,
);
const page = HEADER + categories.join('') + (await tables()).map(section).join('');
if (process.argv.includes('--print')) process.stdout.write(page);
else writeFileSync(join(root, 'docs', 'errors.md'), page);
