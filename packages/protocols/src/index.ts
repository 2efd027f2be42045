// For users.
export type { Datatype } from './oip/infer-types.js';
