/** The injection token of the model of that name. */
export function getModelToken(name: string): string {
  return `witan.model:${name}`;
}
