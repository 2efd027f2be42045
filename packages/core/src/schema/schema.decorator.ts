import { dynamicSchema } from './dynamic-schema.js';
import { schemaOf } from './schema-of.js';
import { type SchemaOptions, setSchemaOptions } from './schema-options.js';

function schemaDecorator(options: SchemaOptions = {}): ClassDecorator {
  return (type) => setSchemaOptions(type, options);
}

/**
 * Declares a class as a schema: its `@Column` properties are the columns of a Frame, its class-validator decorators
 * the rules. `Schema.dynamic` makes a schema from data instead, `Schema.of` gives a class's {@link SchemaSpec}.
 */
export const Schema = Object.assign(schemaDecorator, { dynamic: dynamicSchema, of: schemaOf });
