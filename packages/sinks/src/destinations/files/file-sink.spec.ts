import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { contractRecord, deliver, ManualClock, sinkContract, type DeliveredRecord } from '@witan-libs/testing';
import { encodeJsonRecords, Frame } from '@witan/core/frame';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRecords } from '../../replay/read-records.js';
import { FileSink } from './file-sink.js';
import type { FileSinkOptions } from './file-sink-options.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const records = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => contractRecord(from + i));
const filesBelow = (root = folder): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
const finished = (): string[] => filesBelow().filter((path) => !path.startsWith('.parts'));

async function delivered(): Promise<DeliveredRecord[]> {
  const all: DeliveredRecord[] = [];
  for (const part of finished()) {
    for await (const { id, requestId, input, output } of readRecords(join(folder, part))) {
      const texts = {
        ...(input && { input: encodeJsonRecords(input) }),
        ...(output && { output: encodeJsonRecords(output) }),
      };
      all.push({ id, requestId, part, ...texts });
    }
  }
  return all;
}

const kinds: readonly (readonly [string, Partial<FileSinkOptions>])[] = [
  ['files of NDJSON', {}],
  ['files of NDJSON with gzip', { gzip: true }],
  ['files of NDJSON, each write synced', { fsync: 'write' }],
  ['files of Parquet', { format: 'parquet' }],
];
for (const [name, options] of kinds) {
  sinkContract(name, () =>
    Promise.resolve({
      sink: new FileSink({ folder, ...options }),
      delivered,
      close: () => Promise.resolve(),
    }),
  );
}

describe('records in files', () => {
  const now = new AbortController().signal;

  it('are not twice in a file when a part of their batch failed and is written again', async () => {
    const sink = new FileSink({ folder, path: 'kind={kind}/{uuid}.ndjson' });
    await deliver(sink, records(0, 1));
    const [staging] = readdirSync(join(folder, '.parts'));
    const blocked = join(folder, '.parts', staging!, 'kind=model');
    writeFileSync(blocked, 'a file where a folder must be');
    for (let tries = 0; tries < 3; tries++)
      await expect(sink.write(records(1, 10), now)).rejects.toMatchObject({ code: 'SINK_ERR_UNAVAILABLE' });
    rmSync(blocked);
    await sink.write(records(1, 10), now);
    await sink.close();
    expect((await delivered()).map(({ id }) => id).sort()).toEqual(records(0, 10).map(({ id }) => id));
  });

  it('are not twice in a file when nobody waited for the write that brought them', async () => {
    const sink = new FileSink({ folder });
    const stop = new AbortController();
    const writing = sink.write(records(0, 5), stop.signal);
    // It is under way.
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error('too late'));
    await expect(writing).rejects.toThrow('too late');
    await sink.write(records(0, 5), now);
    await sink.close();
    expect((await delivered()).map(({ id }) => id)).toEqual(records(0, 5).map(({ id }) => id));
  });

  it('go into folders by their own time and kind', async () => {
    const sink = new FileSink({ folder, path: 'dt={yyyy}-{MM}-{dd}/{kind}/{uuid}.ndjson' });
    await deliver(sink, records(0, 5));
    await deliver(sink, [{ ...contractRecord(5), epochMs: Date.UTC(2027, 0, 1) }]);
    await sink.close();
    expect(finished().map((path) => path.replace(/[\w-]{36}/, 'UUID'))).toEqual([
      'dt=2026-03-04/handler/UUID.ndjson',
      'dt=2026-03-04/model/UUID.ndjson',
      'dt=2027-01-01/handler/UUID.ndjson',
    ]);
  });

  it('are where readers look when the file is large enough, and not before', async () => {
    const sink = new FileSink({ folder, maxBytes: 2000 });
    await deliver(sink, records(0, 1));
    expect(finished()).toEqual([]);
    await deliver(sink, records(1, 6));
    expect(finished()).toHaveLength(1);
    await deliver(sink, records(6, 7));
    expect(finished()).toHaveLength(1);
    await sink.close();
    expect(finished()).toHaveLength(2);
    expect(filesBelow()).toEqual(finished());
  });

  it.each(['ndjson', 'parquet'] as const)('are there when the file of %s is old enough', async (format) => {
    const clock = new ManualClock();
    const sink = new FileSink({ folder, format, maxAgeMs: 60_000, clock });
    await deliver(sink, records(0, 1));
    clock.advance(59_000);
    await sink.write([], now);
    expect(finished()).toEqual([]);
    clock.advance(1_000);
    await sink.write([], now);
    expect(finished()).toHaveLength(1);
    await sink.close();
  });

  it('are there in time although the place could not be written to when the file was old enough', async () => {
    const clock = new ManualClock();
    const sink = new FileSink({ folder, maxAgeMs: 60_000, clock });
    await deliver(sink, records(0, 2));
    const blocked = join(folder, 'dt=2026-03-04');
    writeFileSync(blocked, 'a file where a folder must be');
    clock.advance(60_000);
    await sink.write([], now);
    expect(finished()).toEqual(['dt=2026-03-04']);
    rmSync(blocked);
    clock.advance(60_000);
    await sink.write([], now);
    expect(await delivered()).toHaveLength(2);
    await sink.close();
  });

  it('are there after a flush', async () => {
    const sink = new FileSink({ folder });
    await deliver(sink, records(0, 3));
    await sink.flush();
    expect(await delivered()).toHaveLength(3);
    await sink.close();
  });

  it('keep a bounded number of files open', async () => {
    const sink = new FileSink({ folder, path: '{model}/{uuid}.ndjson', maxOpenFiles: 4 });
    const many = Array.from({ length: 20 }, (_, i) => ({ ...contractRecord(5 * i), model: `m${i}` }));
    await deliver(sink, many);
    expect(finished()).toHaveLength(16);
    await sink.close();
    expect(await delivered()).toHaveLength(20);
  });

  it('of gzip are one file that every tool reads', async () => {
    const sink = new FileSink({ folder, gzip: true });
    await deliver(sink, records(0, 2));
    await deliver(sink, records(2, 4));
    await sink.close();
    const text = gunzipSync(readFileSync(join(folder, finished()[0]!))).toString();
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: string }).id),
    ).toEqual(records(0, 4).map(({ id }) => id));
  });

  it.each([
    [{ path: 'x.ndjson' }, '{uuid}'],
    [{ maxBytes: 0 }, 'maxBytes is 0'],
    [{ maxAgeMs: Number.NaN }, 'maxAgeMs is NaN'],
  ])('are refused a sink whose options make no sense: %o', (options, text) => {
    expect(() => new FileSink({ folder, ...options })).toThrow(
      expect.objectContaining({ code: 'SINK_ERR_DESTINATION', message: expect.stringContaining(text) }),
    );
  });
});

describe('what a killed process left behind', () => {
  const CONTRACT_RECORD = new URL('./sinks/contract-record.js', import.meta.resolve('@witan-libs/testing')).href;
  const script = (options: object): string => `
    import { FileSink } from ${JSON.stringify(new URL('./file-sink.js', import.meta.url).href)};
    import { contractRecord } from ${JSON.stringify(CONTRACT_RECORD)};
    const sink = new FileSink(${JSON.stringify({ folder: '', ...options })});
    for (let i = 0; ; i++) {
      await sink.write([contractRecord(i)], new AbortController().signal);
      process.stdout.write(contractRecord(i).id + '\\n');
    }`;

  /** Writes records until it is killed; gives the ids of those whose write had resolved. */
  async function killedWhileWriting(options: Partial<FileSinkOptions>): Promise<string[]> {
    const code = script({ ...options, folder });
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said.length > 37 * 20) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return said.split('\n').slice(0, -1);
  }

  it.each(kinds)(
    'as %s is moved to its place by the next one, with every record that was written',
    async (_, options) => {
      const ids = await killedWhileWriting(options);
      expect(ids.length).toBeGreaterThan(20);
      expect(finished()).toEqual([]);
      const next = new FileSink({ folder, ...options });
      await deliver(next, [contractRecord(100_000)]);
      await next.close();
      const back = (await delivered()).map(({ id }) => id);
      expect(back).toEqual(expect.arrayContaining([...ids, contractRecord(100_000).id]));
      expect(new Set(back).size).toBe(back.length);
      expect(filesBelow()).toEqual(finished());
    },
  );

  it('is read up to the last whole line, and cut there', async () => {
    const left = join(
      folder,
      '.parts',
      `${encodeURIComponent((await import('node:os')).hostname())}~999999999~0~x`,
      'dt=1',
    );
    mkdirSync(left, { recursive: true });
    writeFileSync(join(left, 'a.ndjson'), `{"id":"a","epochMs":1}\n{"id":"b","epo`);
    writeFileSync(join(left, 'b.ndjson'), `{"id":"b","epo`);
    const next = new FileSink({ folder });
    await deliver(next, [contractRecord(1)]);
    await next.close();
    expect(readFileSync(join(folder, 'dt=1', 'a.ndjson'), 'utf8')).toBe(`{"id":"a","epochMs":1}\n`);
    expect(readFileSync(join(folder, 'dt=1', 'b.ndjson'), 'utf8')).toBe('');
  });

  it('and cannot be read any more stays, and holds up nothing', async () => {
    const left = join(folder, '.parts', `${encodeURIComponent((await import('node:os')).hostname())}~999999999~0~x`);
    mkdirSync(left, { recursive: true });
    writeFileSync(join(left, 'a.parquet.arrows'), 'none of ours');
    writeFileSync(join(left, 'b.ndjson'), '{"id":"b","epochMs":1}\n');
    const next = new FileSink({ folder });
    await deliver(next, [contractRecord(1)]);
    await next.close();
    expect((await delivered()).map(({ id }) => id).sort()).toEqual([contractRecord(1).id, 'b']);
    expect(readdirSync(left)).toEqual(['a.parquet.arrows']);
  });

  it('is left alone while that process, or another host, may still write it', async () => {
    const host = encodeURIComponent((await import('node:os')).hostname());
    for (const name of [`${host}~1~0~x`, `${host}~${process.pid}~99~x`, 'other-host~5~0~x', 'something else']) {
      mkdirSync(join(folder, '.parts', name), { recursive: true });
      writeFileSync(join(folder, '.parts', name, 'a.ndjson'), '');
    }
    const other = new FileSink({ folder });
    await deliver(other, [contractRecord(1)]);
    const next = new FileSink({ folder });
    await deliver(next, [contractRecord(2)]);
    await next.close();
    await other.close();
    expect(readdirSync(join(folder, '.parts'))).toHaveLength(4);
    expect(await delivered()).toHaveLength(2);
  });
});

describe.each(kinds)('a disk that is full, with %s', (_, options) => {
  it('costs no record and doubles none: what was written of a piece that failed is cut off', async () => {
    const testing = new URL('./sinks/', import.meta.resolve('@witan-libs/testing')).href;
    const code = `
      import { FileSink } from ${JSON.stringify(new URL('./file-sink.js', import.meta.url).href)};
      import { contractRecord } from ${JSON.stringify(`${testing}contract-record.js`)};
      import { deliver } from ${JSON.stringify(`${testing}deliver.js`)};
      const sink = new FileSink(${JSON.stringify({ ...options, folder })});
      let failed = 0;
      const counted = { name: sink.name, close: () => sink.close(), write: (batch, signal) =>
        sink.write(batch, signal).catch((error) => { failed++; throw error; }) };
      for (let i = 0; i < 120; i += 3) await deliver(counted, [0, 1, 2].map((j) => contractRecord(i + j)));
      await sink.close();
      console.log(failed);`;
    // No file may have more than 16 KiB: the write that goes beyond is cut there, the next one fails.
    const program = `${folder}.mjs`;
    writeFileSync(program, code);
    const args = ['-c', 'ulimit -f 16; exec "$0" "$@"', process.execPath, program];
    const child = spawn('bash', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    for await (const chunk of child.stdout) said += String(chunk);
    rmSync(program);
    expect(Number(said)).toBeGreaterThan(0);
    expect((await delivered()).map(({ id }) => id).sort()).toEqual(records(0, 120).map(({ id }) => id));
    expect(finished().length).toBeGreaterThan(1);
    expect(filesBelow()).toEqual(finished());
  });
});

it('Parquet is what other tools expect: one row for each row, in columns of their own types', async () => {
  const { default: polars } = await import('nodejs-polars');
  const sink = new FileSink({ folder, format: 'parquet' });
  await deliver(sink, records(0, 3));
  await sink.close();
  const table = polars.readParquet(join(folder, finished()[0]!));
  expect(table.height).toBe(6);
  expect(table.getColumn('input.count').dtype.toString()).toContain('Int64');
  expect(table.getColumn('input.pixels').dtype.toString()).toContain('List');
  expect(table.getColumn('time').dtype.toString()).toContain('Datetime');
  const restored = await Frame.fromPolars(table.select('input.count') as never);
  expect(restored.column('input.count').toArray().slice(0, 2)).toEqual([2n ** 62n, -(2n ** 63n)]);
});
