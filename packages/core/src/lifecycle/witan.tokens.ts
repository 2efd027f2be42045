/** The injected {@link Clock}; replace it in tests. */
export const CLOCK = Symbol.for('witan.clock');
