import type { PackageDefinition } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';

/** A FileDescriptorProto as reflection serves it. */
export interface DescriptorFile {
  readonly name: string;
  readonly bytes: Buffer;
  /** Full names of its services and their methods, messages and enums. */
  readonly symbols: readonly string[];
}

interface FieldJson {
  name: string;
  jsonName?: string;
  oneofIndex?: number;
  proto3Optional?: boolean;
  typeName?: string;
}

interface MessageJson {
  name: string;
  field?: FieldJson[];
  oneofDecl?: { name: string }[];
  nestedType?: MessageJson[];
  enumType?: { name: string }[];
  options?: { mapEntry?: boolean };
}

interface FileJson {
  name: string;
  package?: string;
  dependency?: string[];
  messageType?: MessageJson[];
  enumType?: { name: string }[];
  service?: { name: string; method?: { name: string; inputType: string; outputType: string }[] }[];
}

const FILE = (descriptor as unknown as { FileDescriptorProto: protobuf.Type }).FileDescriptorProto;

/**
 * The files behind a package definition, saying what proto-loader leaves out and `protoc` writes: which files a file
 * needs, full names of types, that an `optional` field's oneof is made up, how the entries of maps are called, and the
 * names that fields have in JSON. Clients by reflection then take messages as they would with the .proto.
 */
export function descriptorFiles(definition: PackageDefinition): DescriptorFile[] {
  const files = [...rawFiles(definition).values()].map((file) => FILE.toObject(FILE.decode(file)) as FileJson);
  for (const file of files) for (const message of file.messageType ?? []) nameMapEntries(message);
  const places = new Map(files.flatMap((file) => symbolsOf(file).map((symbol) => [symbol, file.name] as const)));
  for (const file of files) complete(file, places);
  return files.map((file) => ({
    name: file.name,
    bytes: Buffer.from(FILE.encode(FILE.fromObject(file)).finish()),
    symbols: symbolsOf(file),
  }));
}

/** Every type of a definition names all files; one that was put together of several has several lists. */
function rawFiles(definition: PackageDefinition): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const seen = new Set<Buffer>();
  for (const entry of Object.values(definition)) {
    if (!('fileDescriptorProtos' in entry) || !Array.isArray(entry.fileDescriptorProtos)) continue;
    for (const file of entry.fileDescriptorProtos as Buffer[]) {
      if (seen.has(file)) continue;
      seen.add(file);
      const { name } = FILE.decode(file) as unknown as { name: string };
      if (!files.has(name)) files.set(name, file);
    }
  }
  return files;
}

function symbolsOf({ package: scope, messageType = [], enumType = [], service = [] }: FileJson): string[] {
  const within = scope ? `${scope}.` : '';
  return [
    ...messageType.flatMap((message) => messageSymbols(within, message)),
    ...enumType.map(({ name }) => within + name),
    ...service.flatMap(({ name, method = [] }) => [
      within + name,
      ...method.map((rpc) => `${within}${name}.${rpc.name}`),
    ]),
  ];
}

function messageSymbols(within: string, { name, nestedType = [], enumType = [] }: MessageJson): string[] {
  const own = `${within}${name}.`;
  return [
    within + name,
    ...nestedType.flatMap((nested) => messageSymbols(own, nested)),
    ...enumType.map((nested) => own + nested.name),
  ];
}

function complete(file: FileJson, places: ReadonlyMap<string, string>): void {
  const needed = new Set(file.dependency);
  const full = (name: string, scope: string): string => {
    const symbol = resolved(name, scope, places);
    const place = symbol && places.get(symbol);
    if (place !== undefined && place !== file.name) needed.add(place);
    return symbol === undefined ? name : `.${symbol}`;
  };
  for (const message of file.messageType ?? []) completeMessage(message, file.package ?? '', full);
  for (const { method = [] } of file.service ?? []) {
    for (const rpc of method) {
      rpc.inputType = full(rpc.inputType, file.package ?? '');
      rpc.outputType = full(rpc.outputType, file.package ?? '');
    }
  }
  file.dependency = [...needed];
}

/** A name as protobuf finds it: in the innermost scope that has it. */
function resolved(name: string, scope: string, places: ReadonlyMap<string, string>): string | undefined {
  if (name.startsWith('.')) return places.has(name.slice(1)) ? name.slice(1) : undefined;
  for (let within = scope; ; within = within.slice(0, Math.max(0, within.lastIndexOf('.')))) {
    const symbol = within === '' ? name : `${within}.${name}`;
    if (places.has(symbol)) return symbol;
    if (within === '') return undefined;
  }
}

function completeMessage(message: MessageJson, scope: string, full: (name: string, scope: string) => string): void {
  const own = scope === '' ? message.name : `${scope}.${message.name}`;
  for (const field of message.field ?? []) {
    field.jsonName ??= jsonNameOf(field.name);
    if (field.typeName !== undefined) field.typeName = full(field.typeName, own);
    if (field.oneofIndex !== undefined && message.oneofDecl?.[field.oneofIndex]?.name === `_${field.name}`) {
      field.proto3Optional = true;
    }
  }
  for (const nested of message.nestedType ?? []) completeMessage(nested, own, full);
}

/** The message behind `map<k, v> the_map` is `TheMapEntry`; protobufjs calls it `TheMap`. */
function nameMapEntries(message: MessageJson): void {
  for (const nested of message.nestedType ?? []) {
    nameMapEntries(nested);
    if (!nested.options?.mapEntry) continue;
    const field = message.field?.find(({ typeName }) => typeName === nested.name);
    if (!field || nested.name.endsWith('Entry')) continue;
    nested.name = field.typeName = `${capitalised(jsonNameOf(field.name))}Entry`;
  }
}

/** protoc's rule: an underscore goes, and the letter behind it becomes a capital. */
function jsonNameOf(name: string): string {
  return name.replace(/_([a-z0-9]?)/g, (_match, letter: string) => letter.toUpperCase());
}

function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
