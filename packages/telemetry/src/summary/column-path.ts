/** Whether a column is given to the model or comes from it. */
export type Side = 'input' | 'output';

export const SIDES = ['input', 'output'] as const satisfies readonly Side[];
