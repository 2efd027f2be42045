/** Why a value is no cell of its column: what a converter gives instead of the value. */
export class Refusal {
  constructor(
    readonly rule: 'dtype' | 'range' | 'shape' | 'null',
    /** Follows the column's name: `must be …`. */
    readonly text: string,
  ) {}
}
