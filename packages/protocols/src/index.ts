// For users.
export { OipModule } from './oip/oip.module.js';
export type { OipOptions, OipRestOptions } from './oip/oip-options.js';
export type { Datatype } from './oip/infer-types.js';
export { HusharModule } from './hushar/hushar.module.js';
export type { HusharOptions } from './hushar/hushar-options.js';

// For sibling packages (@internal).
export { ModelOipServer } from './oip/server/model-oip-server.js';
export { OIP_ERRORS } from './oip/oip.errors.js';
export type { OipServer } from './oip/infer-types.js';
export { HUSHAR_PROTO } from './hushar/hushar-proto.js';
export { HUSHAR_ERRORS } from './hushar/hushar.errors.js';
