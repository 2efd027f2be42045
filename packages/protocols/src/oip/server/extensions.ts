/**
 * The names of the protocol's extensions that are served, as Triton spells them. What is not here is not: sequences,
 * schedule policies, shared memory, generate, trace (settings can be read, nothing can be traced by them).
 */
export const EXTENSIONS: readonly string[] = [
  'classification',
  'model_repository',
  'model_repository(unload_dependents)',
  'model_configuration',
  'binary_tensor_data',
  'parameters',
  'statistics',
  'logging',
];
