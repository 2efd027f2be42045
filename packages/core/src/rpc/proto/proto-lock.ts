import type { ServiceDefinition } from '../../service/runtime.js';
import { rpcError } from '../rpc.errors.js';
import { protoOf } from './proto-of.js';

/** The file that an application commits beside its code: the .proto that its clients were built from. */
export const LOCK_FILE = 'witan.lock.proto';

/** One way in which the services' .proto breaks clients of the lock. */
export interface ProtoBreak {
  /** `package.Message` or `package.Service`. */
  readonly where: string;
  readonly text: string;
}

/** The wire-relevant part of .proto text. */
interface Outline {
  /** Message or service by full name; its fields by number, or its methods by name. */
  readonly messages: ReadonlyMap<string, ReadonlyMap<number, OutlineField>>;
  readonly methods: ReadonlyMap<string, string>;
}

interface OutlineField {
  readonly name: string;
  /** With `repeated` before it; `optional` is left out: it changes nothing on the wire. */
  readonly type: string;
}

/**
 * Refuses a .proto that breaks clients of the committed one: a field that got another number, a number that got
 * another type or another meaning, a method or message that is gone. Additions are fine.
 * @throws {CORE_ERR_PROTO_LOCK} naming each message, field, old and new number
 */
export function checkProtoLock(lockText: string, definitions: readonly ServiceDefinition[]): void {
  const breaks = protoBreaks(lockText, protoOf(definitions));
  if (breaks.length === 0) return;
  const list = breaks.map(({ where, text }) => `  ${where}: ${text}`).join('\n');
  throw rpcError(
    'CORE_ERR_PROTO_LOCK',
    `the services' .proto breaks clients of ${LOCK_FILE}:\n${list}\npin the old numbers with @Column(dtype, { field }), or, if all clients are rebuilt, write the lock anew`,
    { details: { breaks } },
  );
}

/** What in `newText` breaks clients of `oldText`. */
export function protoBreaks(oldText: string, newText: string): ProtoBreak[] {
  const before = outlineOf(oldText);
  const after = outlineOf(newText);
  const breaks: ProtoBreak[] = [];
  for (const [where, fields] of before.messages) {
    const now = after.messages.get(where);
    if (now) breaks.push(...fieldBreaks(where, fields, now));
    else breaks.push({ where, text: 'the message is gone' });
  }
  for (const [method, types] of before.methods) {
    const now = after.methods.get(method);
    if (now === types) continue;
    breaks.push({
      where: method,
      text: now === undefined ? 'the method is gone' : `the method was ${types}, now ${now}`,
    });
  }
  return breaks;
}

function fieldBreaks(
  where: string,
  before: ReadonlyMap<number, OutlineField>,
  after: ReadonlyMap<number, OutlineField>,
): ProtoBreak[] {
  const numberNow = new Map([...after].map(([number, { name }]) => [name, number]));
  const breaks: ProtoBreak[] = [];
  for (const [number, old] of before) {
    const moved = numberNow.get(old.name);
    const here = after.get(number);
    if (moved !== undefined && moved !== number)
      breaks.push({ where, text: `field ${old.name} had number ${number}, now ${moved}` });
    else if (here && here.name !== old.name) {
      breaks.push({
        where,
        text: `number ${number} was field ${old.name} (${old.type}), now it is ${here.name} (${here.type})`,
      });
    } else if (here && here.type !== old.type) {
      breaks.push({ where, text: `field ${old.name} (number ${number}) was ${old.type}, now ${here.type}` });
    }
  }
  return breaks;
}

const PACKAGE = /^package\s+([\w.]+)\s*;/;
const BLOCK = /^(message|service)\s+(\w+)\s*\{(\s*\})?/;
const FIELD = /^(optional\s+|repeated\s+)?([\w.]+)\s+(\w+)\s*=\s*(\d+)\s*(?:\[[^\]]*\])?\s*;/;
const RPC = /^rpc\s+(\w+)\s*\(\s*(stream\s+)?([\w.]+)\s*\)\s*returns\s*\(\s*(stream\s+)?([\w.]+)\s*\)\s*[;{]/;

/**
 * Reads the .proto text that Witan writes, statement by statement; what it does not write (options, enums, nesting) is
 * passed over.
 */
function outlineOf(text: string): Outline {
  const messages = new Map<string, Map<number, OutlineField>>();
  const methods = new Map<string, string>();
  let scope = '';
  let block = '';
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.replace(/\/\/.*$/, '').trim();
    const opened = BLOCK.exec(line);
    const field = FIELD.exec(line);
    const rpc = RPC.exec(line);
    if (PACKAGE.test(line)) scope = PACKAGE.exec(line)![1]!;
    else if (opened) {
      block = `${scope}.${opened[2]}`;
      if (opened[1] === 'message') messages.set(block, new Map());
    } else if (rpc) methods.set(`${block}/${rpc[1]}`, `(${rpc[2] ?? ''}${rpc[3]}) returns (${rpc[4] ?? ''}${rpc[5]})`);
    else if (field) messages.get(block)?.set(Number(field[4]), outlineField(field));
  }
  return { messages, methods };
}

function outlineField([, label = '', type = '', name = '']: RegExpExecArray): OutlineField {
  return { name, type: label.startsWith('repeated') ? `repeated ${type}` : type };
}
