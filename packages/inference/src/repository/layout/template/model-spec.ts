import { type Class, paramsParser, WitanError } from '@witan/core';
import { layoutError } from '../layout.errors.js';
import { type TemplateValues, valueText } from './path-template.js';

type Parser = ReturnType<typeof paramsParser>;
const parsers = new WeakMap<Class, Parser>();

/**
 * Validates the parameters that choose a model by a class with class-validator's decorators, as `@Service({ params })`
 * does, and gives the values for the path: as they came, or as the class made them (defaults, `@Transform` of texts).
 * @throws {INF_ERR_MODEL_PARAM} with all broken rules in `details.violations`
 * @throws {CORE_ERR_SCHEMA_DEFINITION} when a rule of the class is asynchronous: nothing would wait for it
 */
export function validateParams(spec: Class, raw: TemplateValues): Record<string, string> {
  const texts = textsOf(raw);
  const parsed = parse(spec, texts) as Record<string, unknown>;
  // A number is not printed anew: '007' and 7 are one number and two folders.
  const values = Object.entries(parsed).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : (texts[name] ?? valueText(value)),
  ]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Record<string, string>;
}

function textsOf(raw: TemplateValues): Record<string, string> {
  const texts = Object.entries(raw).map(([name, value]) => [name, valueText(value)]);
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined)) as Record<string, string>;
}

function parse(spec: Class, texts: Record<string, string>): object {
  let parser = parsers.get(spec);
  if (!parser) parsers.set(spec, (parser = paramsParser(spec)));
  try {
    return parser(texts);
  } catch (error) {
    if (!WitanError.is(error) || error.code !== 'CORE_ERR_PARAMS') throw error;
    throw layoutError('INF_ERR_MODEL_PARAM', error.message, { details: error.details, cause: error });
  }
}
