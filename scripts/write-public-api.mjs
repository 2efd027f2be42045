// Writes docs/public-api.md: every name that a package exports, one a line. `--print` prints it instead.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const BLOCKS = ['For users.', 'For sibling packages (@internal).'];

const HEADER = `# What the packages export

Written by \`npm run docs:api\`; a test compares it with the sources. A name that goes from here, or changes what it
means, is a breaking change for those who use it; names for sibling packages may change in any release.
`;

function entries() {
  return readdirSync(join(root, 'packages')).flatMap((name) => {
    const manifest = join(root, 'packages', name, 'package.json');
    if (!existsSync(manifest)) return [];
    const { name: packageName, exports } = JSON.parse(readFileSync(manifest, 'utf8'));
    return Object.entries(exports)
      .filter(([, target]) => typeof target === 'object')
      .map(([path, target]) => ({
        entry: packageName + path.slice(1),
        file: join('packages', name, target.types.replace('./dist/', 'src/').replace(/\.d\.ts$/, '.ts')),
      }));
  });
}

/** The exported names of a barrel by block. A barrel lists names, and does nothing else. */
function exportsOf(file) {
  const text = readFileSync(join(root, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const blocks = BLOCKS.map(() => []);
  let block = 0;
  for (const statement of source.statements) {
    const comments = ts.getLeadingCommentRanges(text, statement.pos) ?? [];
    for (const { pos, end } of comments) {
      const found = BLOCKS.findIndex((title) => text.slice(pos, end) === `// ${title}`);
      if (found >= 0) block = found;
    }
    blocks[block].push(...namesOf(statement, file));
  }
  return blocks.map((names) => names.sort((a, b) => (a.name < b.name ? -1 : 1)));
}

function namesOf(statement, file) {
  const clause = ts.isExportDeclaration(statement) ? statement.exportClause : undefined;
  if (!clause || !ts.isNamedExports(clause)) {
    if (statement.getText() === "import 'reflect-metadata';") return [];
    throw new Error(
      `${file}: a barrel lists names, "export { a } from './a.js'", not: ${statement.getText().slice(0, 80)}`,
    );
  }
  return clause.elements.map((element) => ({
    name: element.name.text,
    type: statement.isTypeOnly || element.isTypeOnly,
  }));
}

function section({ entry, file }) {
  const blocks = exportsOf(file).map((names, index) => {
    if (names.length === 0) return '';
    const lines = names.map(({ name, type }) => `- \`${name}\`${type ? ' (type)' : ''}`);
    return `\n${BLOCKS[index].replace('.', ':').replace(' (@internal)', '')}\n\n${lines.join('\n')}\n`;
  });
  return `\n## ${entry}\n${blocks.join('')}`;
}

const page =
  HEADER +
  entries()
    .filter(({ file }) => existsSync(join(root, file)))
    .map(section)
    .join('');
if (process.argv.includes('--print')) process.stdout.write(page);
else writeFileSync(join(root, 'docs', 'public-api.md'), page);
