import type { ProtoJson } from '../proto/proto-descriptor.js';

/** A .proto text as reflection's descriptors are made from. It may import google's well-known types. */
export async function jsonOfProto(text: string): Promise<ProtoJson> {
  const { default: protobuf } = await import('protobufjs');
  const { root, imports = [] } = protobuf.parse(text, { keepCase: true });
  for (const path of imports) {
    const known = protobuf.common.get(path);
    if (known?.nested) root.addJSON(known.nested);
  }
  return root.toJSON() as ProtoJson;
}
