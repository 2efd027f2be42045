import { describe, expect, it } from 'vitest';
import { Frame } from '../frame/frame.js';
import { Answer } from '../handler/answer.js';
import type { Context } from '../handler/context.js';
import { Handler } from '../handler/handler.decorator.js';
import type { HandlerOf } from '../handler/handler-types.js';
import { Service, serviceMetadataOf } from './service.decorator.js';

class Raw {
  text!: string;
}
class Features {
  x!: number;
}
class Score {
  score!: number;
}

@Handler({ in: Raw, out: Features })
class Clean implements HandlerOf<Raw, Features> {
  handle(_frame: Frame<Raw>, _context: Context): Frame<Features> {
    return new Frame<Features>([]);
  }
}

@Handler({ in: Features, out: Score })
class Rate implements HandlerOf<Features, Score> {
  handle(_frame: Frame<Features>): Frame<Score> {
    return new Frame<Score>([]);
  }
}

describe('@Service', () => {
  it('accepts a chain whose types fit, and remembers it', () => {
    @Service('/fraud/:model', { handlers: [Clean, Rate] })
    class Fraud {}
    expect(serviceMetadataOf(Fraud)).toMatchObject({ path: 'fraud/:model', handlers: [Clean, Rate] });
  });

  it('accepts a chain of method names', () => {
    @Service('fraud', { handlers: ['clean', 'rate'] })
    class Fraud {
      @Handler({ in: Raw, out: Features })
      async clean(_frame: Frame<Raw>): Promise<Features[] | Answer> {
        return [{ x: 1 }];
      }
      @Handler({ in: Features, out: Score })
      rate(_frame: Frame<Features>): Score[] {
        return [{ score: 1 }];
      }
    }
    expect(serviceMetadataOf(Fraud)?.handlers).toEqual(['clean', 'rate']);
  });

  it('does not compile when a handler takes what the one before it does not give', () => {
    // @ts-expect-error Rate gives Score, Clean takes Raw
    @Service('fraud', { handlers: [Rate, Clean] })
    class Classes {}

    // @ts-expect-error rate gives Score, clean takes Raw
    @Service('fraud', { handlers: ['rate', 'clean'] })
    class Methods {
      @Handler({ in: Raw, out: Features })
      clean(_frame: Frame<Raw>): Features[] {
        return [];
      }
      @Handler({ in: Features, out: Score })
      rate(_frame: Frame<Features>): Score[] {
        return [];
      }
    }

    // @ts-expect-error no method of that name
    @Service('fraud', { handlers: ['missing'] })
    class Missing {}
    expect([Classes, Methods, Missing]).toHaveLength(3);
  });

  it('does not compile when a method does not fit its schemas', () => {
    class Wrong {
      // @ts-expect-error the method takes Score, the schema says Raw
      @Handler({ in: Raw, out: Features })
      takes(_frame: Frame<Score>): Features[] {
        return [];
      }
      // @ts-expect-error the method gives Raw, the schema says Features
      @Handler({ in: Raw, out: Features })
      gives(frame: Frame<Raw>): Frame<Raw> {
        return frame;
      }
    }
    expect(Wrong).toBeDefined();
  });
});
