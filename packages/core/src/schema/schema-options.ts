import 'reflect-metadata';

/** What `@Schema` may say. */
export interface SchemaOptions {
  /** The name in OpenAPI and the .proto. @default the class's name */
  readonly name?: string;
  readonly description?: string;
  /** What a request's columns that the schema does not name get: ignored, or a violation. @default 'ignore' */
  readonly unknown?: 'ignore' | 'refuse';
}

const SCHEMA = 'witan:schema';

export function setSchemaOptions(type: object, options: SchemaOptions): void {
  Reflect.defineMetadata(SCHEMA, options, type);
}

/** What `@Schema` said on this very class, or `undefined`. */
export function schemaOptionsOf(type: object): SchemaOptions | undefined {
  return Reflect.getOwnMetadata(SCHEMA, type) as SchemaOptions | undefined;
}
