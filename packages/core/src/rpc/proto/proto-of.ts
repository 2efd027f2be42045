import type { ServiceDefinition } from '../../service/runtime.js';
import type { ProtoField, ProtoFile, ProtoMessage, ProtoMethod, ProtoService } from './proto-model.js';
import { protoFiles } from './service-file.js';

/**
 * The proto3 text of an application's services, with their descriptions as comments. Services of several protobuf
 * packages give several files in one text, each headed by `// file: <path>`; {@link protoFilesOf} keeps them apart.
 * @throws {CORE_ERR_PROTO_SCHEMA}
 */
export function protoOf(definitions: readonly ServiceDefinition[]): string {
  const files = protoFilesOf(definitions);
  if (files.length === 1) return files[0]!.text;
  return files.map(({ path, text }) => `// file: ${path}\n${text}`).join('\n');
}

/** The .proto files of an application's services, one per protobuf package; `path` is relative, e.g. `iris/v1.proto`. */
export function protoFilesOf(definitions: readonly ServiceDefinition[]): { path: string; text: string }[] {
  return protoFiles(definitions).map((file) => ({ path: protoPathOf(file.package), text: fileText(file) }));
}

export function protoPathOf(packageName: string): string {
  return `${packageName.replaceAll('.', '/')}.proto`;
}

function fileText(file: ProtoFile): string {
  const head = ['syntax = "proto3";', '', `package ${file.package};`, ''];
  const imports = file.imports.length > 0 ? [...file.imports.map((path) => `import "${path}";`), ''] : [];
  return [...head, ...imports, ...file.services.map(serviceText), ...file.messages.map(messageText)].join('\n');
}

function serviceText(service: ProtoService): string {
  const methods = service.methods.flatMap((method) => [...commentLines(method.comment, '  '), methodText(method)]);
  return [...commentLines(service.comment, ''), `service ${service.name} {`, ...methods, '}', ''].join('\n');
}

function methodText({ name, request, response, stream }: ProtoMethod): string {
  const flow = stream ? 'stream ' : '';
  return `  rpc ${name}(${flow}${request}) returns (${flow}${response});`;
}

function messageText(message: ProtoMessage): string {
  const fields = message.fields.flatMap((field) => [...commentLines(field.comment, '  '), `  ${fieldText(field)}`]);
  return [...commentLines(message.comment, ''), `message ${message.name} {`, ...fields, '}', ''].join('\n');
}

function fieldText({ label, type, name, number }: ProtoField): string {
  return `${label ? `${label} ` : ''}${type} ${name} = ${number};`;
}

function commentLines(comment: string | undefined, indent: string): string[] {
  return comment === undefined ? [] : comment.split(/\r?\n/).map((line) => `${indent}// ${line}`.trimEnd());
}
