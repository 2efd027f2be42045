/**
 * The names of the protocol's extensions that are served, as Triton spells them. What is not here is not: sequences,
 * shared memory, generate; nor trace and logging, whose settings can be read and not be changed.
 */
export const EXTENSIONS: readonly string[] = [
  'classification',
  'model_repository',
  'model_repository(unload_dependents)',
  'model_configuration',
  'binary_tensor_data',
  'parameters',
  'schedule_policy',
  'statistics',
];
