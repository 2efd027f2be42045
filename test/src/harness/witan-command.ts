import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fixtureModel } from '@witan-libs/testing';
import { type AppProcess, SHIPPED, startProcess } from './app-process.js';
import { ROOT } from './repository.js';

export const WITAN = join(ROOT, 'packages', 'cli', 'bin', 'witan.js');

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `witan ...args` to its end. */
export function witan(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  input: Uint8Array | string = '',
): Promise<Ended> {
  const child = spawn(process.execPath, [WITAN, ...args], { env: { ...SHIPPED, ...env }, stdio: 'pipe' });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => (texts.out += chunk));
  child.stderr.on('data', (chunk: Buffer) => (texts.err += chunk.toString()));
  // What a command does not read it need not.
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...texts })));
}

/** Starts `witan serve ...args` on free ports, and waits for its banner. */
export function serve(args: readonly string[], lastLine?: string): Promise<AppProcess> {
  return startProcess([WITAN, 'serve', ...args, '--http', '0', '--grpc', '0'], {}, undefined, lastLine);
}

/** A folder of models that a test fills. */
export interface ModelFolder {
  readonly path: string;
  /** Puts a fixture (by its name), or a file's content, at a path. */
  put(path: string, content: string | Buffer): void;
  /** Puts a version there as a whole, as a careful deployment does. */
  deploy(model: string, version: string, fixture: string): void;
  remove(path: string): void;
  /** Another file, outside the folder. */
  beside(name: string, content: string): string;
  end(): void;
}

export function modelFolder(): ModelFolder {
  const root = mkdtempSync(join(tmpdir(), 'witan-serve-'));
  const path = join(root, 'models');
  mkdirSync(path);
  const write = (file: string, content: string | Buffer): void => {
    mkdirSync(dirname(file), { recursive: true });
    if (typeof content === 'string') cpSync(fixtureModel(content), file);
    else writeFileSync(file, content);
  };
  return {
    path,
    put: (file, content) => write(join(path, file), content),
    deploy(model, version, fixture) {
      write(join(root, 'coming', 'model.onnx'), fixture);
      mkdirSync(join(path, model), { recursive: true });
      renameSync(join(root, 'coming'), join(path, model, version));
    },
    remove: (file) => rmSync(join(path, file), { recursive: true }),
    beside(name, content) {
      writeFileSync(join(root, name), content);
      return join(root, name);
    },
    end: () => rmSync(root, { recursive: true, force: true }),
  };
}
