import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { WitanError } from '@witan/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeInferenceLogs } from '../destinations/hushar/encode-inference-logs.js';
import { readRecords } from './read-records.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-read-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const line = (id: string): string => `{"id":"${id}","epochMs":1}\n`;
function put(path: string, content: string | Uint8Array): string {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, content);
  return file;
}
async function idsOf(source: string | string[], onDamage?: (error: WitanError) => void): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of readRecords(source, onDamage && { onDamage })) ids.push(id);
  return ids;
}

describe('kept records', () => {
  it('are read of all files of a folder in the order of their paths, but not of unfinished ones', async () => {
    put('dt=2/a.ndjson', line('c') + line('d'));
    put('dt=1/b.ndjson.gz', gzipSync(line('b')));
    put('dt=1/a.ndjson', line('a'));
    put('.parts/x/a.ndjson', line('unfinished'));
    put('dt=1/notes.txt', 'no records');
    expect(await idsOf(folder)).toEqual(['a', 'b', 'c', 'd']);
    expect(await idsOf([join(folder, 'dt=2'), join(folder, 'dt=1', 'a.ndjson')])).toEqual(['c', 'd', 'a']);
    expect(await idsOf(join(folder, '.parts/x/a.ndjson'))).toEqual(['unfinished']);
  });

  it("are read of Hushar's logs", async () => {
    const known = {
      id: '',
      requestId: 'r',
      epochMs: 1,
      kind: 'model',
      point: 'm',
      service: '',
      durationMs: 1,
    } as const;
    const file = put('a.pb', encodeInferenceLogs([known, known]));
    expect(await idsOf(folder)).toEqual([`${file}#0`, `${file}#1`]);
  });

  it('that are damaged end the reading, or are told and left out', async () => {
    const file = put('a.ndjson', `${line('a')}{"id":"b","epo\n\n{"id":7}\n${line('c')}`);
    await expect(idsOf(file)).rejects.toMatchObject({
      code: 'SINK_ERR_SOURCE',
      message: expect.stringContaining('a.ndjson, line 2'),
    });
    const damage: string[] = [];
    expect(await idsOf(file, ({ message }) => damage.push(message))).toEqual(['a', 'c']);
    expect(damage).toHaveLength(2);
  });

  it.each(['a.parquet', 'a.pb', 'a.ndjson.gz'])('of a broken %s are told and left out', async (name) => {
    const file = put(name, Buffer.from('\xff\xff\xffnone of these', 'latin1'));
    await expect(idsOf(file)).rejects.toMatchObject({ code: 'SINK_ERR_SOURCE' });
    const damage: WitanError[] = [];
    expect(await idsOf(file, (error) => damage.push(error))).toEqual([]);
    expect(damage).toHaveLength(1);
  });

  it('of a gzip file that breaks off are read as far as it goes', async () => {
    const file = put('a.ndjson.gz', Buffer.concat([gzipSync(line('a')), gzipSync(line('b'))]));
    truncateSync(file, statSync(file).size - 5);
    const damage: WitanError[] = [];
    expect((await idsOf(file, (error) => damage.push(error)))[0]).toBe('a');
    expect(damage.length).toBeGreaterThan(0);
  });

  it('of a place that is not there are an error', async () => {
    await expect(idsOf(join(folder, 'none'))).rejects.toMatchObject({ code: 'SINK_ERR_SOURCE' });
    await expect(idsOf('s3://')).rejects.toMatchObject({ code: 'SINK_ERR_DESTINATION' });
  });
});
