import { inferenceError } from '../inference.errors.js';

/**
 * onnxruntime's binding reads a text up to its first zero byte: what follows would be lost without a word.
 * @param perRow texts in a row
 * @throws {INF_ERR_INPUT}
 */
export function checkTexts(texts: readonly string[], name: string, perRow: number, who: string): void {
  for (let i = 0; i < texts.length; i++) {
    if (!texts[i]!.includes('\0')) continue;
    const row = Math.floor(i / perRow);
    const text = `${who}: '${name}' has a text with a zero byte in row ${row}, and models are given texts without`;
    throw inferenceError('INF_ERR_INPUT', text, { details: { column: name, row } });
  }
}
