import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { type ModelFolder, modelFolder, serve, witan } from '../harness/witan-command.js';

const EXPERIMENTS = `
trusted: true
model-control: true
experiments:
  ab:
    variants:
      control: m@1
      other: { model: m@latest, weight: 0.5 }
    key: header:x-user
    shadow: [m@2]
    reveal: true
`;

describe('witan serve with experiments', () => {
  let folder: ModelFolder;
  let app: AppProcess | undefined;
  beforeEach(() => {
    folder = modelFolder();
    for (const version of ['1', '2', '3']) folder.deploy('m', version, 'identity-f32');
  });
  afterEach(async () => {
    await app?.stop();
    app = undefined;
    folder.end();
  });

  const experiments = (...args: string[]) => witan(['experiments', ...args], { WITAN_URL: app!.url });
  const post = async (user: string): Promise<string | null> => {
    const headers = { 'content-type': 'application/json', 'x-user': user };
    const answer = await fetch(`${app!.url}/predictions/ab`, { method: 'POST', headers, body: '[{"x":[1,2,3]}]' });
    expect(answer.status).toBe(200);
    await answer.text();
    return answer.headers.get('x-witan-variant');
  };
  const users = Array.from({ length: 30 }, (_, i) => `user-${i}`);

  it('takes them from its file, and changes them while it runs', { timeout: 60_000 }, async () => {
    app = await serve([folder.path, '--config', folder.beside('witan.yaml', EXPERIMENTS)]);
    expect(app.bannerLine('ab:')).toBe('ab: control m@1 50 %, other m 50 % by header:x-user; shadow m@2');
    const variants = await Promise.all(users.map(post));
    expect(new Set(variants)).toEqual(new Set(['control', 'other']));
    expect(await Promise.all(users.map(post))).toEqual(variants);

    const outcomes = users.map((key, i) => ({ key, metric: 'bought', value: variants[i] === 'other' }));
    const headers = { 'content-type': 'application/json' };
    const reported = await fetch(`${app.url}/experiments/ab/outcomes`, {
      method: 'POST',
      headers,
      body: JSON.stringify(outcomes),
    });
    expect(await reported.json()).toEqual({ counted: 30, duplicate: 0, unknown: 0 });
    const summary = await experiments('summary', 'ab');
    expect(summary.out).toMatch(/intervals of 95 %; shares are as the weights say/);
    expect(summary.out).toMatch(/other\s+\d+\s+bought\s+1 \(0\.\d+ to 1\)\s+1 \(0\.\d+ to 1/);

    expect((await experiments('weight', 'ab', 'other', '0')).out).toMatch(/other\s+m\s+0 %/);
    expect(new Set(await Promise.all(users.map(post)))).toEqual(new Set(['control']));
    expect((await experiments('weight', 'ab', 'other', '1')).code).toBe(0);
    expect((await experiments('kill', 'ab')).out).toContain('killed: everything to the control');
    expect(new Set(await Promise.all(users.map(post)))).toEqual(new Set(['control']));
    expect((await experiments('revive', 'ab')).code).toBe(0);
    expect(new Set(await Promise.all(users.map(post)))).toEqual(new Set(['other']));
    expect((await experiments('list')).out).toMatch(/^EXPERIMENT.*\nab\s+control 0 %, other 100 %\s+header:x-user/);
    expect(await experiments('weight', 'ab', 'nobody', '1')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/control, other/),
    });
    expect(await experiments('weight', 'ab', 'other', 'much')).toMatchObject({ code: 2 });
    expect((await experiments('show', 'ab')).out).toMatch(/SHADOW.*\nm@2/);
  });

  it.each([
    ['experiments: 3', /experiments: write a name, and below it variants and key/],
    [
      'experiments:\n  ab:\n    variants: { control: { model: m, weight: 2 } }',
      /share from 0 to 1 \[INF_ERR_EXPERIMENT_OPTIONS\]/,
    ],
    [
      'experiments:\n  ab:\n    variants: { control: m@9 }',
      /has no version '9': there are 1, 2, 3 \[INF_ERR_EXPERIMENT_MODEL\]/,
    ],
  ])('says what is wrong with %j, and ends', { timeout: 30_000 }, async (text, message) => {
    const file = folder.beside('witan.yaml', `trusted: true\n${text}\n`);
    const { code, err } = await witan(['serve', folder.path, '--config', file, '--http', '0', '--grpc', '0']);
    expect(code).toBeGreaterThan(0);
    expect(err).toMatch(message);
  });
});
