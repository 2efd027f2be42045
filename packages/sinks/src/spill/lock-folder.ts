import cluster from 'node:cluster';
import { join } from 'node:path';
import { WitanError } from '@witan/core';
import { textOf } from '../sink/text-of.js';
import { sinksError } from '../sinks.errors.js';
import { SpillLock } from './spill-lock.js';

/** Processes of one cluster that have folders of their own. */
const MAX_PROCESSES = 64;
/** The name of one's folder. */
export const PROCESS_FOLDER = /^process-\d+$/;

/** A folder that is this process's own. */
export interface OwnFolder {
  readonly folder: string;
  readonly lock: SpillLock;
}

/**
 * Takes a spill folder. The processes of a cluster (`processes` of the listen options) share their options: each takes
 * the first free one of `process-0`, `process-1`, … below it, so that whoever follows a process that died has its folder.
 * @throws {SINK_ERR_SPILL_LOCKED}
 * @throws {SINK_ERR_SPILL} where the folder cannot be used
 */
export async function lockFolder(folder: string, isOneOfMany: boolean = cluster.isWorker): Promise<OwnFolder> {
  if (!isOneOfMany) return take(folder);
  for (let i = 0; ; i++) {
    try {
      return await take(join(folder, `process-${i}`));
    } catch (error) {
      if (i + 1 === MAX_PROCESSES || !isLocked(error)) throw error;
    }
  }
}

async function take(folder: string): Promise<OwnFolder> {
  const lock = new SpillLock(folder);
  try {
    await lock.take();
  } catch (error) {
    if (isLocked(error)) throw error;
    throw sinksError('SINK_ERR_SPILL', `the spill folder ${folder} cannot be used: ${textOf(error)}`, { cause: error });
  }
  return { folder, lock };
}

function isLocked(error: unknown): boolean {
  return WitanError.is(error) && error.code === 'SINK_ERR_SPILL_LOCKED';
}
