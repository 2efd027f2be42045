import { IsIn, IsInt, IsOptional, Matches, Min } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { compileTemplate } from './path-template.js';
import { validateParams } from './model-spec.js';

class Spec {
  @IsInt()
  @Min(1)
  run!: number;

  @IsOptional()
  @IsIn(['small', 'large'])
  model: string = 'small';

  @IsOptional()
  @Matches(/^\w+$/)
  region?: string;
}

describe('the spec class of a model’s parameters', () => {
  it('gives values for the path: as they came, with the defaults of the class', () => {
    const values = validateParams(Spec, { run: '007', model: 'large' });
    expect(values).toEqual({ run: '007', model: 'large' });
    expect(validateParams(Spec, { run: 7 })).toEqual({ run: '7', model: 'small' });
    expect(compileTemplate('iris/:run/:model').resolve(values)).toBe('iris/007/large');
  });

  it.each([
    [{ run: 'x', model: 'tiny' }, ['run', 'run', 'model']],
    [{ run: '0' }, ['run']],
    [{}, ['run', 'run']],
  ])('refuses %j with every broken rule', (raw, columns) => {
    let refused: unknown;
    try {
      validateParams(Spec, raw);
    } catch (error) {
      refused = error;
    }
    expect(refused).toMatchObject({ code: 'INF_ERR_MODEL_PARAM', httpStatus: 422 });
    const { violations } = (refused as { details: { violations: { column: string }[] } }).details;
    expect(violations.map(({ column }) => column)).toEqual(columns);
  });

  it('is no way around the template’s own checks', () => {
    class Anything {
      @IsOptional()
      run?: string;
    }
    const values = validateParams(Anything, { run: '../../etc' });
    expect(() => compileTemplate('iris/:run').resolve(values)).toThrow(/slash/);
  });
});
