/**
 * A column's or parameter's name as protobuf style writes it: `sepalWidth` becomes `sepal_width`; what protobuf does
 * not allow in a name becomes `_`, and a leading digit gets `f_` before it.
 */
export function protoName(name: string): string {
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9_]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase();
  if (snake === '') return 'f_';
  return /^[a-z]/.test(snake) ? snake : `f_${snake}`;
}

/** What the messages of a service are prefixed with, so that services of one package do not clash: `IrisService` -> `Iris`. */
export function messagePrefix(protoService: string): string {
  return protoService.replace(/Service$/, '') || protoService;
}

const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]*$/;

export function isProtoIdentifier(text: string): boolean {
  return IDENTIFIER.test(text);
}

export function isProtoPackage(text: string): boolean {
  return text.split('.').every(isProtoIdentifier);
}
