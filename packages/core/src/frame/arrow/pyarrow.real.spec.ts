import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { Frame } from '../frame.js';
import { everyDType, halves } from './every-dtype.spec.data.js';
import { decodeArrowStream } from './read-stream.js';
import { encodeArrowStream } from './write-stream.js';
import { decompressZstd } from './zstd/decompress.js';

const PYARROW = '26.0.1';
const POLARS = '2.1.0';

/** A Python with pyarrow and polars, made on first use; a text: why there is none. */
function preparePython(): { python: string } | { reason: string } {
  const home = join(homedir(), '.cache', 'witan-test', `pyarrow-${PYARROW}`);
  const python = join(home, 'bin', 'python');
  const done = join(home, 'complete');
  if (existsSync(done)) return { python };
  console.log(`installing pyarrow ${PYARROW} and polars ${POLARS} into ${home}`);
  try {
    execFileSync('python3', ['-m', 'venv', home], { stdio: 'pipe' });
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', `pyarrow==${PYARROW}`, `polars==${POLARS}`], {
      stdio: 'pipe',
      timeout: 600_000,
    });
    writeFileSync(done, '');
    return { python };
  } catch (error) {
    const reason = `no Python with pyarrow: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}`;
    if (process.env['CI'] === 'true') throw new Error(reason, { cause: error });
    console.log(`skipped: ${reason}`);
    return { reason };
  }
}

const prepared = preparePython();

/** Runs a script with our stream on its standard input; gives its standard output. */
function run(script: string, input: Uint8Array): Buffer {
  return execFileSync((prepared as { python: string }).python, ['-c', script], { input, maxBuffer: 1 << 26 });
}

const READ =
  'import sys, io, json, pyarrow as pa\nt = pa.ipc.open_stream(sys.stdin.buffer.read()).read_all()\nt.validate(full=True)\n';
const write = (options: string): string => `
out = io.BytesIO()
with pa.ipc.new_stream(out, t.schema, options=pa.ipc.IpcWriteOptions(${options})) as w: w.write_table(t)
sys.stdout.buffer.write(out.getvalue())
`;

describe.skipIf('reason' in prepared)('pyarrow', () => {
  it('finds what we write valid and reads the same types and values', () => {
    const seen = JSON.parse(
      run(
        `${READ}print(json.dumps([[f.name, str(f.type), repr(t.column(f.name).to_pylist())] for f in t.schema]))`,
        encodeArrowStream(everyDType()),
      ).toString(),
    ) as string[][];
    const of = (name: string): string[] => seen.find(([column]) => column === name)!.slice(1);
    expect(of('i64')).toEqual(['int64', '[9223372036854775807, None, -5]']);
    expect(of('text')).toEqual(['string', "['ä😀', '', None]"]);
    expect(of('bytes')).toEqual(['binary', "[b'\\x00\\xff', None, b'']"]);
    expect(of('day')).toEqual(['date32[day]', '[datetime.date(2026, 1, 31), None, datetime.date(1969, 12, 31)]']);
    expect(of('ms')[0]).toBe('timestamp[ms, tz=Europe/Berlin]');
    expect(of('ints')[1]).toBe('[[1], None, [2, 3]]');
    expect(of('matrix')[1]).toBe('[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], None, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]');
    expect(of('flags')[1]).toBe('[[True, False], [False, True], None]');
    expect(of('dictionary')).toEqual(['dictionary<values=string, indices=int32, ordered=0>', "['q', 'p', 'q']"]);
  });

  it.each<readonly [string, string]>([
    ['as it is', ''],
    ['with LZ4', 'compression="lz4"'],
    ['with ZSTD', 'compression="zstd"'],
    ['with dictionary deltas', 'emit_dictionary_deltas=True'],
  ])('gives every dtype back %s', (_, options) => {
    for (const frame of [everyDType(), halves(), everyDType().slice(1, 2), everyDType().slice(0, 0)]) {
      expect(Frame.equals(decodeArrowStream(run(READ + write(options), encodeArrowStream(frame))), frame)).toBe(true);
    }
  });

  it('may write slices, several batches, wide offsets and views', () => {
    const script = `${READ}
text, binary = t.column('text'), t.column('bytes')
t = pa.table({'large': text.cast(pa.large_string()), 'view': text.cast(pa.string_view()), 'wide': binary.cast(pa.large_binary()), 'list': t.column('ints').cast(pa.large_list(pa.int64()))})
t = pa.concat_tables([t.slice(1, 2), t.slice(0, 1)])
${write('')}`;
    const frame = everyDType();
    const read = decodeArrowStream(run(script, encodeArrowStream(frame)));
    const turned = Frame.concat([frame.slice(1), frame.slice(0, 1)]);
    expect(read.column('large').toArray()).toEqual(turned.column('text').toArray());
    expect(read.column('view').toArray()).toEqual(turned.column('text').toArray());
    expect(read.column('wide').toArray()).toEqual(turned.column('bytes').toArray());
    expect(read.column('list').toArray()).toEqual(turned.column('ints').toArray());
  });

  it.each([
    'pa.array([{"a": 1}])',
    'pa.array([None])',
    'pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int8()))',
    'pa.array([1]).cast(pa.decimal128(19))',
    'pa.array([[[1]]])',
  ])('is refused by name with %s', (column) => {
    const bytes = run(`${READ}t = pa.table({'odd': ${column}})\n${write('')}`, encodeArrowStream(everyDType()));
    expect(() => decodeArrowStream(bytes)).toThrow(
      expect.objectContaining({ code: 'CORE_ERR_ARROW_UNSUPPORTED', message: expect.stringContaining('"odd"') }),
    );
  });
});

describe.skipIf('reason' in prepared)('ZSTD', () => {
  const inputs: readonly (readonly [string, Buffer])[] = [
    ['one byte', Buffer.from('a')],
    ['a run', Buffer.alloc(300_000, 7)],
    ['text', Buffer.from(Array.from({ length: 20_000 }, (_, i) => `${i * 7919} words of ${i % 13}, `).join(''))],
    ['numbers', Buffer.from(Float64Array.from({ length: 50_000 }, (_, i) => Math.sin(i)).buffer)],
    ['integers', Buffer.from(Int32Array.from({ length: 100_000 }, (_, i) => (i * i) % 777).buffer)],
  ];
  it.each([1, 3, 9, 19])('is decoded, whatever was compressed at level %s', (level) => {
    for (const [, input] of inputs) {
      const script = `import sys, pyarrow as pa\nsys.stdout.buffer.write(pa.Codec('zstd', ${level}).compress(sys.stdin.buffer.read(), asbytes=True))`;
      expect(Buffer.compare(decompressZstd(run(script, input), input.length), input)).toBe(0);
    }
  });
});

describe.skipIf('reason' in prepared)('polars in Python', () => {
  it.each(['oldest', 'newest'])('reads every dtype and gives it back (compat level %s)', (level) => {
    const script = `import sys, io, polars as pl
df = pl.read_ipc_stream(sys.stdin.buffer.read())
out = io.BytesIO()
df.write_ipc_stream(out, compat_level=pl.CompatLevel.${level}())
sys.stdout.buffer.write(out.getvalue())`;
    const frame = everyDType();
    const read = decodeArrowStream(run(script, encodeArrowStream(frame)));
    expect(read.names).toEqual(frame.names);
    for (const name of frame.names) {
      expect([name, read.column(name).dtype.name, read.column(name).shape]).toEqual([
        name,
        frame.column(name).dtype.name,
        frame.column(name).shape,
      ]);
      expect(read.column(name).toArray()).toEqual(frame.column(name).toArray());
    }
  });
});
