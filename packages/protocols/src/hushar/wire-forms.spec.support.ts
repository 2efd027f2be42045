import fc from 'fast-check';

/**
 * Requests in every form that protobuf allows: fields in any order and repeated, lengths and numbers in more bytes than
 * they need, unknown fields, groups, arrays packed and not, in pieces.
 */

type Bytes = fc.Arbitrary<Buffer>;

/** A varint in at least as many bytes as it needs, at most `most`. */
function varint(value: bigint, most: number): Bytes {
  return fc.integer({ min: 0, max: 4 }).map((padding) => {
    const out: number[] = [];
    let rest = BigInt.asUintN(64, value);
    do {
      out.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    } while (rest > 0n);
    while (out.length < most && padding-- > 0) out.push(0x80);
    out[out.length - 1]! &= 0x7f;
    return Buffer.from(out);
  });
}

const rarely = <T>(usual: T, rare: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: rare });

/** Mostly as short as it can be. */
const number = (value: bigint, most: number): Bytes =>
  fc.integer({ min: 0, max: 8 }).chain((pick) => (pick === 0 ? varint(value, most) : shortest(value)));
const shortest = (value: bigint): Bytes => fc.constant(exact(value));

function exact(value: bigint): Buffer {
  const out: number[] = [];
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    if (rest < 0x80n) return Buffer.from([...out, Number(rest)]);
    out.push(Number(rest & 0x7fn) | 0x80);
  }
}

function join(...parts: Bytes[]): Bytes {
  return fc.tuple(...parts).map((all) => Buffer.concat(all));
}

function tag(field: number, wire: number): Bytes {
  return number(BigInt(field * 8 + wire), 5);
}

function block(field: number, content: Bytes): Bytes {
  return content.chain((bytes) => join(tag(field, 2), number(BigInt(bytes.length), 5), fc.constant(bytes)));
}

/** A sequence of fields, with unknown ones here and there. */
function message(fields: fc.Arbitrary<readonly Buffer[]>, known: readonly (readonly [number, number])[]): Bytes {
  return fields.chain((list) =>
    fc
      .array(rarely(EMPTY, stranger(known)), { minLength: list.length + 1, maxLength: list.length + 1 })
      .map((between) => Buffer.concat(between.flatMap((other, i) => [other, list[i] ?? EMPTY]))),
  );
}

const EMPTY = Buffer.alloc(0);
const content: Bytes = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));

/** A field that the message does not know, or that has another wire type than its number says. */
function stranger(known: readonly (readonly [number, number])[]): Bytes {
  const fields = [...known.map(([field]) => field), 11, 12, 15, 16, 2047, 2048, 536870911];
  return fc
    .tuple(fc.constantFrom(...fields), fc.constantFrom(0, 1, 2, 3, 5))
    .filter(([field, wire]) => !known.some(([other, type]) => other === field && type === wire))
    .chain(([field, wire]) => (wire === 3 ? group(field, 3) : join(tag(field, wire), valueOf(wire))));
}

function valueOf(wire: number): Bytes {
  if (wire === 0) return fc.bigInt(0n, 2n ** 64n - 1n).chain((value) => number(value, 10));
  if (wire === 2) return content.chain((bytes) => join(number(BigInt(bytes.length), 5), fc.constant(bytes)));
  const length = wire === 1 ? 8 : 4;
  return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes));
}

function group(field: number, depth: number): Bytes {
  const inner = depth === 0 ? fc.constant(EMPTY) : fc.oneof(fc.constant(EMPTY), stranger([]), group(7, depth - 1));
  return join(tag(field, 3), inner, tag(field, 4));
}

const TEXTS = [
  '',
  'red',
  'grün',
  'blue',
  'blu',
  'a',
  'b',
  'x',
  'y',
  'eins',
  '日本',
  '1',
  '-2.5e3',
  'nan',
  '0x1',
  ' 1',
  'Ω'.repeat(80),
];
const text = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme' }) },
);
const utf8 = text.map((value) => Buffer.from(value));
const long = fc.oneof(
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.constantFrom(0n, 1n, -1n, 127n, 128n, 2n ** 28n, 2n ** 31n, 2n ** 53n + 1n, -(2n ** 63n)),
);
const float = fc.float().map((value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
});
const double = fc.double().map((value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
});

/** One value, and its wire type; int32 takes any 64 bits and keeps the lower half. */
const KINDS: readonly { readonly wire: number; readonly value: Bytes }[] = [
  { wire: 1, value: double },
  { wire: 5, value: float },
  { wire: 0, value: long.chain((value) => number(value, 10)) },
  { wire: 0, value: long.chain((value) => number(value, 10)) },
  { wire: 2, value: utf8.chain((bytes) => join(number(BigInt(bytes.length), 5), fc.constant(bytes))) },
];

/** DoubleArray and its like: any number of pieces, packed or not. */
function arrayOf({ wire, value }: (typeof KINDS)[number]): Bytes {
  const single = join(tag(1, wire), value);
  const packed = block(
    1,
    fc.array(value, { maxLength: 4 }).map((values) => Buffer.concat(values)),
  );
  const piece = wire === 2 ? single : fc.oneof(single, packed);
  const known =
    wire === 2
      ? ([[1, 2]] as const)
      : ([
          [1, wire],
          [1, 2],
        ] as const);
  return message(fc.array(piece, { maxLength: 3 }), known);
}

const MEMBERS: readonly Bytes[] = KINDS.flatMap((kind, i) => [
  join(tag(i + 1, kind.wire), kind.value),
  block(i + 6, arrayOf(kind)),
]);
const MEMBER_WIRES = KINDS.flatMap(({ wire }, i) => [[i + 1, wire] as const, [i + 6, 2] as const]);

const dataType = message(
  fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.oneof(...MEMBERS)) },
    { weight: 1, arbitrary: fc.array(fc.oneof(...MEMBERS), { maxLength: 4 }) },
  ),
  MEMBER_WIRES,
);

const ENTRY_WIRES = [
  [1, 2],
  [2, 2],
] as const;

function entry(names: readonly string[]): Bytes {
  const name = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...names) },
    { weight: 1, arbitrary: fc.constantFrom('', 'no', '__proto__', 'ß', 'long'.repeat(50)) },
  );
  const key = block(
    1,
    name.map((value) => Buffer.from(value)),
  );
  const value = block(2, dataType);
  const usual = fc.tuple(key, value);
  const unusual = fc.array(fc.oneof(key, value), { maxLength: 4 });
  return message(fc.oneof({ weight: 8, arbitrary: usual }, { weight: 1, arbitrary: unusual }), ENTRY_WIRES);
}

function row(names: readonly string[]): Bytes {
  const id = block(1, utf8);
  const feature = block(2, entry(names));
  return message(
    fc.array(fc.oneof({ weight: 1, arbitrary: id }, { weight: 8, arbitrary: feature }), { maxLength: 12 }),
    ENTRY_WIRES,
  );
}

/** An InferenceRequest with features of these names, and others. */
export function requestBytes(names: readonly string[]): Bytes {
  const fields = fc.array(
    fc.oneof({ weight: 1, arbitrary: block(1, utf8) }, { weight: 4, arbitrary: block(2, row(names)) }),
    { maxLength: 5 },
  );
  return message(fields, ENTRY_WIRES);
}

/** What may have happened to bytes on their way: cut, changed, doubled, with bytes more or less. */
export function damaged(bytes: Bytes): Bytes {
  const damage = fc.tuple(
    fc.nat(),
    fc.nat({ max: 9 }),
    fc.constantFrom('cut', 'change', 'insert', 'remove', 'repeat'),
    fc.nat({ max: 255 }),
  );
  return fc.tuple(bytes, fc.array(damage, { minLength: 1, maxLength: 3 })).map(([whole, damages]) => {
    let out = whole;
    for (const [where, count, what, byte] of damages) {
      const at = out.length === 0 ? 0 : where % out.length;
      const head = out.subarray(0, at);
      if (what === 'cut') out = head;
      else if (what === 'change') out = Buffer.concat([head, Buffer.of(byte), out.subarray(at + 1)]);
      else if (what === 'insert') out = Buffer.concat([head, Buffer.alloc(count, byte), out.subarray(at)]);
      else if (what === 'remove') out = Buffer.concat([head, out.subarray(at + count)]);
      else out = Buffer.concat([head, out.subarray(at, at + count), out.subarray(at)]);
    }
    return out;
  });
}
