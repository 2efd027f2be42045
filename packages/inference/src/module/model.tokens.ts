/** The injection token of the model of that name. */
export function getModelToken(name: string): string {
  return `witan.model:${name}`;
}

/** What one `forFeature` was given; read from metadata before anything is made. */
export const MODEL_DECLARATIONS = Symbol.for('witan.modelDeclarations');
