import { describe, it } from 'vitest'; describe('x', () => { it('x', () => {}); });
