import { connect } from 'node:http2';
import { createServer } from 'node:net';
import { FrameReader, settings } from '@witan-libs/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockDecoder } from './block-decoder.js';
import type { Field } from './field.js';
import { HpackError } from './hpack-error.js';
import { encodeHuffman } from './huffman-encode.spec.support.js';
import { encodeInteger } from './integer.js';

function decode(decoder: BlockDecoder, hex: string): string[] {
  const fields: string[] = [];
  const bytes = Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
  decoder.decode(bytes, 0, bytes.length, { add: ({ name, value }: Field) => fields.push(`${name}: ${value}`) });
  return fields;
}

const tableOf = ({ table }: BlockDecoder): string[] =>
  Array.from({ length: table.length }, (_, index) => `${table.get(index)!.name}: ${table.get(index)!.value}`);

describe("the RFC's examples", () => {
  it('C.2.1: a literal that enters the table', () => {
    const decoder = new BlockDecoder();
    expect(decode(decoder, '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572')).toEqual([
      'custom-key: custom-header',
    ]);
    expect(tableOf(decoder)).toEqual(['custom-key: custom-header']);
    expect(decoder.table.byteSize).toBe(55);
  });

  it.each([
    ['C.2.2: a literal that does not', '040c 2f73 616d 706c 652f 7061 7468', ':path: /sample/path'],
    ['C.2.3: a literal that never does', '1008 7061 7373 776f 7264 0673 6563 7265 74', 'password: secret'],
    ['C.2.4: an indexed field', '82', ':method: GET'],
  ])('%s', (_name, hex, field) => {
    const decoder = new BlockDecoder();
    expect(decode(decoder, hex)).toEqual([field]);
    expect(decoder.table.length).toBe(0);
  });

  const REQUESTS = [
    [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
    [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
    [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
  ];

  it.each([
    [
      'C.3: requests without Huffman',
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
    ],
    [
      'C.4: requests with Huffman',
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
    ],
  ])('%s', (_name, blocks) => {
    const decoder = new BlockDecoder();
    expect(blocks.map((hex) => decode(decoder, hex))).toEqual(REQUESTS);
    expect(tableOf(decoder)).toEqual([
      'custom-key: custom-value',
      'cache-control: no-cache',
      ':authority: www.example.com',
    ]);
    expect(decoder.table.byteSize).toBe(164);
  });

  it('C.6: answers with Huffman, and a table that evicts', () => {
    const decoder = new BlockDecoder();
    decode(decoder, '3fe101');
    expect(decoder.table.maxSize).toBe(256);
    decode(
      decoder,
      '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
    );
    expect(decoder.table.byteSize).toBe(222);
    decode(decoder, '4883 640e ffc1 c0bf');
    expect(tableOf(decoder)).toEqual([
      ':status: 307',
      'location: https://www.example.com',
      'date: Mon, 21 Oct 2013 20:13:21 GMT',
      'cache-control: private',
    ]);
    decode(
      decoder,
      '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
    );
    expect(tableOf(decoder).map((field) => field.split(':')[0])).toEqual(['set-cookie', 'content-encoding', 'date']);
    expect(decoder.table.byteSize).toBe(215);
  });
});

describe('a block that is not allowed', () => {
  it.each([
    ['index 0', '80'],
    ['an index beyond both tables', 'be'],
    ['the name of an index beyond both tables', '7f00 0161'],
    ['a table larger than SETTINGS allow', '3fe2 1f'],
    ['a change of the table behind a field', '8220'],
    ['an integer without an end', '7fff ffff ffff'],
    ['an integer of many zeros', '7f80 8080 8080 8000'],
    ['an integer that is too large', '7fff ffff 7f'],
    ['a block that ends within an integer', '7f'],
    ['a block that ends before a value', '4001 61'],
    ['a block that ends before a name', '40'],
    ['a block that ends within a value', '4001 6103 61'],
    ['a text as long as no block is', '0001 617f ffff ff07'],
    ['padding that is wrong', '0001 6181 00'],
  ])('is refused: %s', (_name, hex) => {
    expect(() => decode(new BlockDecoder(), hex)).toThrow(HpackError);
  });

  it('may begin with several changes of the table', () => {
    const decoder = new BlockDecoder();
    decode(decoder, '4001 6101 62');
    expect(decode(decoder, '20 3fe1 1f 82')).toEqual([':method: GET']);
    expect(decoder.table.length).toBe(0);
    expect(decoder.table.maxSize).toBe(4096);
  });

  it('an entry larger than the table empties it', () => {
    const decoder = new BlockDecoder();
    decode(decoder, '3f11 4001 6101 62');
    expect(decoder.table.length).toBe(1);
    expect(decode(decoder, `4001 6114 ${'62'.repeat(20)}`)).toEqual([`a: ${'b'.repeat(20)}`]);
    expect(decoder.table.length).toBe(0);
    expect(decoder.table.byteSize).toBe(0);
  });

  it('ends in fields or in HpackError, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }), (blocks) => {
        const decoder = new BlockDecoder();
        try {
          for (const block of blocks) decode(decoder, Buffer.from(block).toString('hex'));
        } catch (error) {
          expect(error).toBeInstanceOf(HpackError);
        }
        expect(decoder.table.byteSize).toBeLessThanOrEqual(decoder.table.maxSize);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the table', () => {
  it('keeps the newest that fit, in order, as it grows and shrinks', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 }), (lengths) => {
        const decoder = new BlockDecoder();
        const model: string[] = [];
        lengths.forEach((length, index) => {
          const value = String(index).padStart(length, '.');
          const head = Buffer.alloc(8);
          const end = encodeInteger(value.length, 0x7f, 0, head, 0);
          decode(decoder, `400161${head.toString('hex', 0, end)}${Buffer.from(value).toString('hex')}`);
          model.unshift(`a: ${value}`);
        });
        let bytes = 0;
        const kept = model.filter((field) => (bytes += field.length - 2 + 32) <= 4096);
        expect(tableOf(decoder)).toEqual(kept);
      }),
      { numRuns: 30 },
    );
  });
});

describe('blocks of another encoder', () => {
  /** What Node's client sends for each of the header lists, block by block. */
  async function blocksOfNode(lists: readonly Record<string, string>[]): Promise<string[][]> {
    const blocks: string[][] = [];
    const decoder = new BlockDecoder();
    const reader = new FrameReader();
    let preface = 24;
    const server = createServer((socket) => {
      socket.write(settings());
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        const rest = chunk.subarray(Math.min(preface, chunk.length));
        preface -= chunk.length - rest.length;
        for (const frame of reader.push(rest)) {
          if (frame.type !== 1) continue;
          const { payload, flags } = frame;
          const start = flags & 0x20 ? 5 : 0;
          const fields: string[] = [];
          decoder.decode(payload, start, payload.length, {
            add: ({ name, value }) => fields.push(`${name}: ${value}`),
          });
          blocks.push(fields);
        }
        if (blocks.length === lists.length) socket.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const client = connect(`http://127.0.0.1:${port}`);
    client.on('error', () => undefined);
    for (const list of lists) client.request({ ':path': '/', ...list }).on('error', () => undefined);
    await new Promise((resolve) => client.once('close', resolve));
    server.close();
    return blocks;
  }

  it('are read as they were meant', async () => {
    const value = fc.stringMatching(/^[!-~]([ -~]{0,60}[!-~])?$/);
    const name = fc.constantFrom('x-a', 'x-b', 'user-agent', 'grpc-timeout', 'x-long-name-of-a-field', 'authorization');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.dictionary(name, value), { minLength: 1, maxLength: 20 }), async (lists) => {
        const seen = await blocksOfNode(lists);
        expect(seen.length).toBe(lists.length);
        lists.forEach((list, index) => {
          const own = seen[index]!.filter((field) => !field.startsWith(':'));
          expect(own).toEqual(Object.entries(list).map(([key, text]) => `${key}: ${text}`));
        });
      }),
      { numRuns: 20 },
    );
  });
});

it('a long text in Huffman is read whole', () => {
  const text = 'a'.repeat(9000);
  const bytes = Buffer.alloc(9000);
  const length = encodeHuffman(text, bytes, 0);
  const head = Buffer.alloc(8);
  const end = encodeInteger(length, 0x7f, 0x80, head, 0);
  const hex = `000161${head.toString('hex', 0, end)}${bytes.toString('hex', 0, length)}`;
  expect(decode(new BlockDecoder(), hex)).toEqual([`a: ${text}`]);
});
