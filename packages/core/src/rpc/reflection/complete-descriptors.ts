import type { PackageDefinition } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';

interface FieldJson {
  name: string;
  jsonName?: string;
  oneofIndex?: number;
  proto3Optional?: boolean;
}

interface MessageJson {
  field?: FieldJson[];
  oneofDecl?: { name: string }[];
  nestedType?: MessageJson[];
}

/**
 * Says in the descriptors of generated services what proto-loader leaves out and `protoc` writes: that an `optional`
 * field's oneof is made up, and the name that it has in JSON. Clients by reflection then print messages as they would
 * with the .proto.
 */
export function completeDescriptors(definition: PackageDefinition): PackageDefinition {
  const done = new Map<string, Buffer>();
  const complete = (file: Buffer): Buffer => {
    const key = file.toString('latin1');
    let bytes = done.get(key);
    if (!bytes) done.set(key, (bytes = completed(file)));
    return bytes;
  };
  return Object.fromEntries(
    Object.entries(definition).map(([name, entry]) => [
      name,
      'fileDescriptorProtos' in entry && Array.isArray(entry.fileDescriptorProtos)
        ? { ...entry, fileDescriptorProtos: entry.fileDescriptorProtos.map(complete) }
        : entry,
    ]),
  ) as PackageDefinition;
}

function completed(file: Buffer): Buffer {
  const type = (descriptor as unknown as { FileDescriptorProto: protobuf.Type }).FileDescriptorProto;
  const json = type.toObject(type.decode(file)) as { messageType?: MessageJson[] };
  json.messageType?.forEach(completeMessage);
  return Buffer.from(type.encode(type.fromObject(json)).finish());
}

function completeMessage(message: MessageJson): void {
  for (const field of message.field ?? []) {
    field.jsonName ??= jsonNameOf(field.name);
    if (field.oneofIndex !== undefined && message.oneofDecl?.[field.oneofIndex]?.name === `_${field.name}`) {
      field.proto3Optional = true;
    }
  }
  message.nestedType?.forEach(completeMessage);
}

/** protoc's rule: an underscore goes, and the letter behind it becomes a capital. */
function jsonNameOf(name: string): string {
  return name.replace(/_([a-z0-9]?)/g, (_match, letter: string) => letter.toUpperCase());
}
