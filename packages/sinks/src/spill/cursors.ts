import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Segment } from './segments.js';

const BYTES = 24;

/**
 * How far each writer's files were delivered, in a small file beside them: after a crash only what was under way is
 * delivered twice. Written once a batch, at about 20 us; losing it costs duplicates only.
 */
export class Cursors {
  constructor(private readonly folder: string) {}

  /** Where reading this file begins. */
  startOf({ file, size }: Segment): number {
    try {
      const bytes = readFileSync(this.fileOf(file));
      if (bytes.length !== BYTES || crc32(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return 0;
      const sequence = bytes.readDoubleLE(8);
      if (sequence !== sequenceOf(file)) return sequence > sequenceOf(file) ? size : 0;
      return Math.min(size, bytes.readDoubleLE(16));
    } catch {
      return 0;
    }
  }

  note({ file }: Segment, offset: number): void {
    const bytes = Buffer.alloc(BYTES);
    bytes.writeDoubleLE(sequenceOf(file), 8);
    bytes.writeDoubleLE(offset, 16);
    bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
    try {
      writeFileSync(this.fileOf(file), bytes);
    } catch {
      // A full disk: what it says is too early, not wrong.
    }
  }

  /** Deletes those that belong to no file of records. */
  tidy(): void {
    const names = namesIn(this.folder);
    const prefixes = new Set(names.filter((name) => name.endsWith('.wlr')).map(prefixOf));
    for (const name of names)
      if (name.endsWith('.at') && !prefixes.has(prefixOf(name))) rmSync(join(this.folder, name), { force: true });
  }

  private fileOf(segment: string): string {
    return join(this.folder, `${prefixOf(basename(segment))}.at`);
  }
}

/** Somebody may have deleted it. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Run and writer. */
function prefixOf(name: string): string {
  return name.slice(0, 12);
}

function sequenceOf(file: string): number {
  return Number(basename(file).slice(13, 21));
}
