import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixtureModel } from '@witan-libs/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectModelFiles } from './external-data.js';
import { externalLocationsOf } from './external-locations.js';
import { writeBytes, writeText, writeVarint } from './wire.js';

const entry = (key: string, value: string): Uint8Array => writeBytes(13, writeText(1, key), writeText(2, value));
const weights = (location: string): Uint8Array[] => [
  writeText(8, 'w'),
  entry('location', location),
  writeVarint(14, 1),
];
const graph = (...parts: Uint8Array[]): Uint8Array => writeBytes(7, writeText(2, 'g'), ...parts);
const node = (...attribute: Uint8Array[]): Uint8Array => writeBytes(1, writeText(4, 'If'), writeBytes(5, ...attribute));
/** START_GROUP and END_GROUP of an unknown field around `parts`. */
const group = (...parts: Uint8Array[]): Uint8Array =>
  Buffer.concat([Buffer.from([0xfb, 0x01]), ...parts, Buffer.from([0xfc, 0x01])]);
const raw = (bytes: number): Uint8Array => writeBytes(9, new Uint8Array(bytes));

describe('the weight files that a model names', () => {
  let folder: string;
  let path: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'witan-locations-'));
    path = join(folder, 'model.onnx');
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function locationsOf(...parts: Uint8Array[]): Promise<string[]> {
    await writeFile(path, Buffer.concat([writeVarint(1, 8), ...parts]));
    return externalLocationsOf(path);
  }

  it.each([
    ['an initializer', graph(writeBytes(5, ...weights('w')))],
    ['a sparse initializer', graph(writeBytes(15, writeBytes(2, ...weights('w'))))],
    ["a node's attribute", graph(node(writeBytes(5, ...weights('w'))))],
    ['a list of tensors', graph(node(writeBytes(10, ...weights('w'))))],
    ['a subgraph', graph(node(writeBytes(6, node(writeBytes(11, writeBytes(5, ...weights('w')))))))],
    ['a sparse attribute', graph(node(writeBytes(22, writeBytes(1, ...weights('w')))))],
    ['a function', writeBytes(25, writeBytes(7, writeBytes(5, writeBytes(5, ...weights('w')))))],
    ["a function's default", writeBytes(25, writeBytes(11, writeBytes(5, ...weights('w'))))],
    ['training', writeBytes(20, writeBytes(2, writeBytes(5, ...weights('w'))))],
    ['the second of two graphs', Buffer.concat([graph(), graph(writeBytes(5, ...weights('w')))])],
    [
      'after unknown groups',
      Buffer.concat([group(group(writeText(1, 'x'))), graph(group(), writeBytes(5, group(), ...weights('w')))]),
    ],
    [
      'with the key given twice',
      graph(writeBytes(5, writeBytes(13, writeText(1, 'x'), writeText(1, 'location'), writeText(2, 'w')))),
    ],
    [
      'with a group in the entry',
      graph(writeBytes(5, writeBytes(13, group(), writeText(1, 'location'), writeText(2, 'w')))),
    ],
    [
      'behind weights longer than what is read at once',
      graph(writeBytes(5, raw(700_000)), writeBytes(5, raw(300_000), ...weights('w'))),
    ],
  ])('are found in %s', async (_, part) => {
    expect(await locationsOf(part)).toEqual(['w']);
  });

  it('are all of them, and only they', async () => {
    const twice = writeBytes(13, writeText(1, 'location'), writeText(2, 'a'), writeText(2, 'b'));
    const found = await locationsOf(
      graph(writeBytes(5, ...weights('w'), entry('offset', '5')), writeBytes(5, twice), writeBytes(5, ...weights('w'))),
      group(graph(writeBytes(5, ...weights('not read by protobuf')))),
    );
    expect(found).toEqual(['w', 'a', 'b']);
    expect(await externalLocationsOf(fixtureModel('iris'))).toEqual([]);
  });

  it('are found in a file of gigabytes without reading them', async () => {
    const end = Buffer.concat([writeBytes(5, ...weights('w'))]);
    const length = 3 * 2 ** 30;
    const lengthOf = (number: number, bytes: number): Uint8Array =>
      writeVarint(number, bytes).map((byte, i) => (i === 0 ? byte | 2 : byte));
    const rawHeader = lengthOf(9, length);
    const tensorHeader = lengthOf(5, rawHeader.length + length);
    const start = Buffer.concat([
      lengthOf(7, tensorHeader.length + rawHeader.length + length + end.length),
      tensorHeader,
      rawHeader,
    ]);
    const handle = await open(path, 'w');
    await handle.write(start, 0, start.length, 0);
    await handle.write(end, 0, end.length, start.length + length);
    await handle.close();
    expect(await externalLocationsOf(path)).toEqual(['w']);
    await writeFile(path, '');
  });

  it.each(['../w', '/etc/passwd', '', '..', '.', 'a/../../w', 'a\\..\\w', 'w\0'])(
    'are refused outside of the folder: %j',
    async (location) => {
      await writeFile(path, graph(node(writeBytes(5, ...weights(location)))));
      await expect(inspectModelFiles(path)).rejects.toMatchObject({ code: 'INF_ERR_EXTERNAL_DATA' });
    },
  );

  it('are refused where they hide behind a thousand levels', async () => {
    let part: Uint8Array = writeBytes(5, ...weights('../../etc/passwd'));
    for (let i = 0; i < 1000; i++) part = node(writeBytes(6, part));
    await writeFile(path, graph(part));
    await expect(inspectModelFiles(path)).rejects.toMatchObject({ code: 'INF_ERR_EXTERNAL_DATA' });
  });

  it('are refused where they hide in an entry too long to be one', async () => {
    const entry = writeBytes(13, raw(300_000), writeText(1, 'location'), writeText(2, '../../etc/passwd'));
    await writeFile(path, graph(writeBytes(5, entry)));
    await expect(inspectModelFiles(path)).rejects.toMatchObject({ code: 'INF_ERR_EXTERNAL_DATA' });
  });

  it('are none in bytes that are no protobuf, whatever they are', async () => {
    const valid = Buffer.concat([graph(writeBytes(5, ...weights('w')))]);
    const change = fc.tuple(fc.nat(valid.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.nat(valid.length),
        async (changes, length) => {
          const bytes = Buffer.from(valid);
          for (const [at, byte] of changes) bytes[at] = byte;
          await writeFile(path, bytes.subarray(0, length));
          expect(Array.isArray(await externalLocationsOf(path))).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});
