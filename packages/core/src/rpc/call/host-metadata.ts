import { createRequire } from 'node:module';
import type { Metadata } from '@grpc/grpc-js';

type Library = typeof import('@grpc/grpc-js');

let library: Library | undefined;

/**
 * Loads `@grpc/grpc-js`, whose Metadata Nest's guards, interceptors and filters expect: some 50 ms, which an application
 * without them need not spend.
 */
export function loadMetadata(): Library {
  return (library ??= createRequire(import.meta.url)('@grpc/grpc-js') as Library);
}

/** A call's headers as guards see them. */
export function metadataOf(headers: Iterable<readonly [string, string | Buffer]>): Metadata {
  const metadata = new (loadMetadata().Metadata)();
  for (const [name, value] of headers) metadata.add(name, value);
  return metadata;
}
