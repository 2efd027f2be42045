// For users.
export { OipModule } from './oip/oip.module.js';
export type { OipOptions, OipRestOptions } from './oip/oip-options.js';
export type { Datatype } from './oip/infer-types.js';
export { HusharModule } from './hushar/hushar.module.js';
export type { HusharOptions } from './hushar/hushar-options.js';
export { husharApplication, husharListenOptions, husharModule } from './hushar/hushar-application.js';
export type { HusharApplicationOptions } from './hushar/hushar-application.js';
export { husharConfigOf, readHusharConfig } from './hushar/read-hushar-config.js';
export type { HusharConfig } from './hushar/read-hushar-config.js';

// For sibling packages (@internal).
export { ModelOipServer } from './oip/server/model-oip-server.js';
export { OIP_ERRORS } from './oip/oip.errors.js';
export { INFERENCE_PROTO, INFERENCE_SERVICE } from './oip/grpc/inference-proto.js';
export type { OipServer } from './oip/infer-types.js';
export { HUSHAR_PROTO } from './hushar/hushar-proto.js';
export { HUSHAR_ERRORS } from './hushar/hushar.errors.js';
