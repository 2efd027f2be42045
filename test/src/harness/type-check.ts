import { join, relative, sep } from 'node:path';
import ts from 'typescript';
import { ROOT } from './repository.js';

/** Where the code under test seems to lie, so that imports resolve as they do in an application. */
const FOLDER = join(ROOT, 'test', 'blocks');

export const baseOptions = (): ts.CompilerOptions => {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.base.json'), (path) => ts.sys.readFile(path));
  return ts.convertCompilerOptionsFromJson((config as { compilerOptions: unknown }).compilerOptions, ROOT).options;
};

export interface TypeFault {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Type-checks modules given as text, in one program: name to its errors. A name is also a file name. */
export function typeCheck(modules: ReadonlyMap<string, string>): Map<string, TypeFault[]> {
  const texts = new Map([...modules].map(([name, code]) => [join(FOLDER, `${name}.ts`), code]));
  const options = { ...baseOptions(), noEmit: true, composite: false, incremental: false, noUnusedLocals: false };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.fileExists = (path) => texts.has(join(path)) || fileExists(path);
  host.readFile = (path) => texts.get(join(path)) ?? readFile(path);
  const { getSourceFile } = host;
  host.getSourceFile = (path, version, ...rest) => {
    const text = texts.get(join(path));
    return text === undefined ? getSourceFile(path, version, ...rest) : ts.createSourceFile(path, text, version);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  const errors = new Map([...modules.keys()].map((name) => [name, [] as TypeFault[]]));
  for (const path of texts.keys()) {
    const name = relative(FOLDER, path).split(sep).join('/').replace(/\.ts$/, '');
    for (const found of ts.getPreEmitDiagnostics(program, program.getSourceFile(path)))
      errors.get(name)!.push(describe(found));
  }
  return errors;
}

function describe({ file, start, messageText }: ts.Diagnostic): TypeFault {
  const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 1;
  return { line, text: ts.flattenDiagnosticMessageText(messageText, ' ') };
}
