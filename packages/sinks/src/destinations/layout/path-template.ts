import type { LogRecord } from '../../sink/log-record.js';
import { destinationError } from '../destinations.errors.js';

/** The parts of a template that say which records share a file. */
type PartitionToken = (record: LogRecord) => string;

const TIME: Readonly<Record<string, (date: Date) => string>> = {
  yyyy: (date) => String(date.getUTCFullYear()).padStart(4, '0'),
  MM: (date) => two(date.getUTCMonth() + 1),
  dd: (date) => two(date.getUTCDate()),
  HH: (date) => two(date.getUTCHours()),
  mm: (date) => two(date.getUTCMinutes()),
};

const FIELDS: Readonly<Record<string, PartitionToken>> = {
  service: (record) => record.service,
  point: (record) => record.point,
  kind: (record) => record.kind,
  model: (record) => record.model ?? 'none',
  version: (record) => record.version ?? 'none',
  variant: (record) => record.variant ?? 'none',
};

/** What makes a file's name its own. */
const OWN = ['uuid', 'micros'] as const;

/** Where in a tree of files or objects a record goes. */
export interface Place {
  /** The same for records that share a file. */
  readonly partition: string;
  /** The file's path, with slashes, relative. */
  path(uuid: string): string;
}

/**
 * A path with tokens in braces: `dt={yyyy}-{MM}-{dd}/hour={HH}/{name}-{uuid}.ndjson`. Times are the record's own, in
 * UTC; `{service}`, `{point}`, `{kind}`, `{model}`, `{version}`, `{variant}` are escaped as Hive's partitions are, so
 * that none of them is a path; `{uuid}` and `{micros}` (of the first record) are the file's own.
 */
export class PathTemplate {
  private readonly pieces: readonly string[];

  /** @throws {SINK_ERR_DESTINATION} for an unknown token, a path that leaves its root, or one without `{uuid}` */
  constructor(
    readonly text: string,
    name: string,
  ) {
    this.pieces = text.replaceAll('{name}', escapePart(name)).split(/(\{[^}]*\})/);
    const unknown = this.pieces.find((piece) => piece.startsWith('{') && !isKnown(piece.slice(1, -1)));
    if (unknown !== undefined)
      throw cannot(text, `there is no ${unknown}: ${KNOWN.map((each) => `{${each}}`).join(' ')}`);
    if (!this.pieces.includes('{uuid}')) throw cannot(text, 'two files would have one name: put {uuid} into it');
    const isSafe = text.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
    if (!isSafe || /[\\\0]/.test(text)) throw cannot(text, 'it must be a relative path with slashes');
  }

  /** Whether records of one minute share a file, whatever they are of. */
  get isByTime(): boolean {
    return !this.pieces.some((piece) => piece.startsWith('{') && FIELDS[piece.slice(1, -1)] !== undefined);
  }

  place(record: LogRecord): Place {
    const date = new Date(record.epochMs);
    const pieces = this.pieces.map((piece) => filled(piece, record, date));
    const partition = pieces.join('');
    const micros = String(Math.round(record.epochMs * 1000));
    return {
      partition,
      path: (uuid) =>
        pieces.map((piece) => (piece === '{uuid}' ? uuid : piece === '{micros}' ? micros : piece)).join(''),
    };
  }
}

const KNOWN = ['name', ...Object.keys(TIME), ...Object.keys(FIELDS), ...OWN];

function isKnown(token: string): boolean {
  return KNOWN.includes(token) && token !== 'name';
}

/** A piece with its value; those that are the file's own stay. */
function filled(piece: string, record: LogRecord, date: Date): string {
  if (!piece.startsWith('{')) return piece;
  const token = piece.slice(1, -1);
  const time = TIME[token];
  if (time) return time(date);
  const field = FIELDS[token];
  return field ? escapePart(field(record)) : piece;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

const MAX_PART = 120;

/** One part of a path, whatever the text holds; long ones are cut (a file system takes 255 bytes). */
function escapePart(text: string): string {
  // Half a surrogate pair has no bytes: a Buffer writes U+FFFD for it.
  const escaped = encodeURIComponent(Buffer.from(text).toString('utf8')).replace(/[!'()*]/g, '_');
  if (/^\.*$/.test(escaped)) return escaped === '' ? 'none' : escaped.replaceAll('.', '%2E');
  return escaped.length > MAX_PART ? escaped.slice(0, MAX_PART).replace(/%.?$/, '') : escaped;
}

function cannot(text: string, why: string): Error {
  return destinationError('SINK_ERR_DESTINATION', `the path template '${text}' cannot be used: ${why}`);
}
