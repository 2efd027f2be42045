// For users.
export type { Datatype } from './oip/infer-types.js';
export { HusharModule } from './hushar/hushar.module.js';
export type { HusharOptions } from './hushar/hushar-options.js';

// For sibling packages (@internal).
export { HUSHAR_PROTO } from './hushar/hushar-proto.js';
export { HUSHAR_ERRORS } from './hushar/hushar.errors.js';
