import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { type S3Access, connectS3, type S3Connection } from '../destinations/s3/s3-connection.js';
import { s3Address } from '../destinations/s3/s3-address.js';
import { replayError } from './replay.errors.js';

/** A file or object with records. */
export interface RecordFile {
  /** For messages, and by its ending the form of its content. */
  readonly name: string;
  stream(): Promise<Readable>;
  /** The whole content. */
  bytes(): Promise<Buffer>;
  /** Where it lies, if it is a file of this machine. */
  readonly path?: string;
}

const ENDINGS = /\.(?:ndjson|ndjson\.gz|parquet|pb)$/;

/**
 * The files of a source in the order of their paths: a file, a folder with all below it, or `s3://BUCKET/PREFIX`. Names
 * that begin with a dot are left out, and so are endings that are none of ours, unless the file itself is named.
 */
export async function* recordFiles(source: string, s3: S3Access): AsyncGenerator<RecordFile> {
  if (source.startsWith('s3://')) return yield* bucketFiles(source, s3);
  const path = resolve(source);
  const found = await stat(path).catch((error: unknown) => {
    throw replayError('SINK_ERR_SOURCE', `${source}: ${(error as Error).message}`, { cause: error });
  });
  if (found.isFile()) return yield localFile(path);
  for (const file of await filesBelow(path)) if (ENDINGS.test(file)) yield localFile(file);
}

async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await filesBelow(path)));
    else if (entry.isFile()) files.push(path);
  }
  return files;
}

function localFile(path: string): RecordFile {
  return { name: path, path, stream: () => Promise.resolve(createReadStream(path)), bytes: () => readFile(path) };
}

async function* bucketFiles(source: string, access: S3Access): AsyncGenerator<RecordFile> {
  const { bucket, prefix } = s3Address(source);
  const connection = await connectS3(access);
  try {
    for (let token: string | undefined; ;) {
      const page = await listed(connection, bucket, prefix, token);
      for (const { Key: key } of page.Contents ?? [])
        if (key !== undefined && ENDINGS.test(key)) yield bucketFile(connection, bucket, key);
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
      if (token === undefined) return;
    }
  } finally {
    connection.client.destroy();
  }
}

/** A prefix may also be one object's whole key. */
async function listed({ sdk, client }: S3Connection, bucket: string, prefix: string, token: string | undefined) {
  const key = prefix.replace(/\/$/, '');
  const input = { Bucket: bucket, Prefix: ENDINGS.test(key) ? key : prefix, ContinuationToken: token };
  return client.send(new sdk.ListObjectsV2Command(input)).catch((error: unknown) => {
    throw replayError('SINK_ERR_SOURCE', `s3://${bucket}/${prefix}: ${String(error)}`, { cause: error });
  });
}

function bucketFile({ sdk, client }: S3Connection, bucket: string, key: string): RecordFile {
  const name = `s3://${bucket}/${key}`;
  const stream = async (): Promise<Readable> => {
    const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key }));
    return Body as Readable;
  };
  const bytes = async (): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of await stream()) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };
  return { name, stream, bytes };
}
