import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { CommandError } from '../terminal.js';
import { isUrl } from './serve-settings.js';

/** What `witan serve` is to serve. */
export interface ServeTarget {
  /** A folder of this machine, or a store's URL. */
  readonly store: string;
  /** The one model that is meant; absent: every model of the store. */
  readonly single?: { readonly name: string; readonly path: string };
}

const SCHEMES = ['http:', 'https:', 's3:', 'az:', 'gs:', 'file:'];
const WHAT = 'a folder of models, a .onnx file, or http(s)://…, s3://bucket/prefix, az://… or gs://…';

/** @throws {CommandError} when there is nothing of that kind */
export async function serveTarget(where: string, name: string | undefined, cwd: string): Promise<ServeTarget> {
  const target = isUrl(where) ? remoteTarget(where, name) : await localTarget(where, name, cwd);
  if (name !== undefined && !target.single)
    throw new CommandError(
      '--name names the model of a single .onnx file: models in a folder have the names of theirs',
    );
  return target;
}

function remoteTarget(where: string, name: string | undefined): ServeTarget {
  const url = URL.canParse(where) ? new URL(where) : undefined;
  if (!url || !SCHEMES.includes(url.protocol))
    throw new CommandError(`'${where}' is nothing that can be served: ${WHAT}`);
  if (!url.pathname.endsWith('.onnx')) return { store: where };
  const file = decodeURIComponent(basename(url.pathname));
  const single = { name: nameOf(file, name), path: file };
  // A web server has no listing: the address of the file is the store.
  if (url.protocol.startsWith('http')) return { store: where, single };
  url.pathname = dirname(url.pathname);
  return { store: url.href, single };
}

async function localTarget(where: string, name: string | undefined, cwd: string): Promise<ServeTarget> {
  const path = resolve(cwd, where);
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'is not there' : `cannot be read (${error.message})`;
    throw new CommandError(`${path} ${why}: give ${WHAT}`);
  });
  if (info.isDirectory()) return { store: path };
  if (path.endsWith('.onnx')) return { store: dirname(path), single: { name: nameOf(basename(path), name), path } };
  throw new CommandError(`${path} is neither a folder nor a .onnx file: give ${WHAT}`);
}

/** 1 to 255 of these, so that it can stand in a path. */
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$/;

function nameOf(file: string, name: string | undefined): string {
  const own = name ?? file.replace(/\.onnx$/, '');
  if (NAME.test(own)) return own;
  const advice = name === undefined ? ': give it one with --name' : '';
  throw new CommandError(`'${own}' cannot be a model's name (A-Z a-z 0-9 . _ -, the first not '.')${advice}`);
}
