/** Uniform in [-1, 1), the same sequence for the same seed (xorshift32). */
export function seededUniform(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}
