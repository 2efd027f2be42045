/** A configuration file; larger ones are not read. */
export const MAX_CONFIG_BYTES = 1 << 20;
/** Rows in one batch that a store's file may ask for: the load warms up with them. */
export const MAX_BATCH_ROWS = 8192;
/** Rows that a store's file may ask to warm up with, and how many different counts. */
export const MAX_WARM_UP_ROWS = MAX_BATCH_ROWS;
export const MAX_WARM_UPS = 16;
/** Workers, or threads of one, that a store's file may ask for. */
export const MAX_THREADS = 256;
/** Timers cannot run longer. */
export const MAX_DELAY_MS = 2 ** 31 - 1;
/** Dimensions of one tensor, and tensors of one side. */
export const MAX_DIMS = 64;
export const MAX_TENSORS = 10_000;
