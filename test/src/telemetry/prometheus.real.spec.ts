import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppProcess, startApp } from '../harness/app-process.js';
import { prometheus } from '../harness/foreign-tools.js';
import { reflectedClient } from '../harness/grpc-client.js';
import { ROOT } from '../harness/repository.js';

const run = promisify(execFile);
const DASHBOARDS = join(ROOT, 'packages', 'telemetry', 'dashboards');
const SCRAPES = 4;
const FLOWER = { sepalWidth: 3, petalLength: 4, petalWidth: 1 };
const SNAKE_FLOWER = { sepal_width: 3, petal_length: 4, petal_width: 1 };
/** What a well application that has no vectorizer, no experiment and no summaries has nothing of. */
const MAY_BE_EMPTY =
  /witan_vectorize_|witan_drift_|witan_summary_|variant!=""|rate\(rpc_server_call_duration_seconds_count\{[^}]*error_type|request_vectorize|witan_telemetry_/;

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const tool = await prometheus();
if ('path' in tool) tests(tool.path);

function tests(folder: string): void {
  describe('promtool', () => {
    it('finds nothing wrong with the alert rules, and they fire when they should', async () => {
      const promtool = join(folder, 'promtool');
      const checked = await run(promtool, ['check', 'rules', 'witan-alerts.yaml'], { cwd: DASHBOARDS });
      expect(checked.stdout).toContain('SUCCESS');
      const tested = await run(promtool, ['test', 'rules', 'witan-alerts.test.yaml'], { cwd: DASHBOARDS });
      expect(tested.stdout).toContain('SUCCESS');
    });

    it('finds nothing wrong with what /metrics gives', async () => {
      const app = await startApp('iris');
      try {
        await post(app, [FLOWER]);
        const child = spawn(join(folder, 'promtool'), ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
        let said = '';
        child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
        child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
        child.stdin.end(await (await fetch(`${app.url}/metrics`)).text());
        const [code] = (await once(child, 'close')) as [number];
        expect([code, said]).toEqual([0, '']);
      } finally {
        await app.stop();
      }
    });
  });

  describe('a Prometheus server that scrapes apps/iris', () => {
    let app: AppProcess;
    let server: Scraper;
    beforeAll(async () => {
      app = await startApp('iris');
      server = await Scraper.start(join(folder, 'prometheus'), app);
      const grpc = await reflectedClient(app.grpcAddress, app.grpcService);
      // Load between the scrapes, so that rates have something to see.
      while (!(await server.hasScraped(SCRAPES))) {
        await Promise.all([post(app, [FLOWER, FLOWER]), post(app, [FLOWER]), post(app, [{ nothing: 1 }])]);
        await grpc.call('Predict', { rows: [SNAKE_FLOWER] });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      grpc.close();
    });
    afterAll(async () => {
      await server.stop();
      await app.stop();
    });

    const { panels } = JSON.parse(readFileSync(join(DASHBOARDS, 'witan.json'), 'utf8')) as { panels: Panel[] };
    const targets = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const));

    it('has data for every panel of the dashboard', async () => {
      expect(targets.length).toBeGreaterThan(30);
      const empty: string[] = [];
      for (const [title, expr] of targets) {
        const results = await server.query(expr.replaceAll('$job', '.+').replaceAll('$__rate_interval', '20s'));
        if (results.length === 0 && !MAY_BE_EMPTY.test(expr)) empty.push(`${title}: ${expr}`);
      }
      expect(empty).toEqual([]);
    });

    it('has evaluated every rule', async () => {
      const { groups } = (await server.get('rules')) as { groups: { rules: { name: string; health: string }[] }[] };
      const rules = groups.flatMap((group) => group.rules);
      expect(rules.length).toBeGreaterThan(5);
      expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    });

    it('sees the numbers that the application has', async () => {
      const asked = 'witan_request_duration_seconds_count{service="IrisService",transport="http",outcome="ok"}';
      const [series] = await server.query(asked);
      expect(series!.metric).toMatchObject({ model: 'iris', version: '1' });
      expect(Number(series!.value[1])).toBeGreaterThan(0);
    });
  });
}

function post(app: AppProcess, records: readonly object[]): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${app.url}/predictions/iris`, { method: 'POST', headers, body: JSON.stringify(records) });
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** A Prometheus server of its own, which scrapes one application every second. */
class Scraper {
  private constructor(
    private readonly child: ChildProcess,
    private readonly url: string,
    private readonly folder: string,
  ) {}

  static async start(program: string, app: AppProcess): Promise<Scraper> {
    const folder = mkdtempSync(join(tmpdir(), 'witan-prometheus-'));
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [join(DASHBOARDS, 'witan-alerts.yaml')],
      scrape_configs: [{ job_name: 'witan', static_configs: [{ targets: [new URL(app.url).host] }] }],
    };
    const file = join(folder, 'prometheus.yml');
    writeFileSync(file, JSON.stringify(config));
    const args = [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'data')}`];
    const child = spawn(program, [...args, '--web.listen-address=127.0.0.1:0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return new Scraper(child, await addressOf(child), folder);
  }

  async hasScraped(times: number): Promise<boolean> {
    const [seen] = await this.query('count_over_time(process_uptime_seconds[5m])');
    return seen !== undefined && Number(seen.value[1]) >= times;
  }

  async query(expr: string): Promise<readonly Series[]> {
    const { result } = (await this.get(`query?query=${encodeURIComponent(expr)}`)) as { result: readonly Series[] };
    return result;
  }

  async get(path: string): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1/${path}`);
    const { status, error, data } = (await response.json()) as { status: string; error?: string; data: unknown };
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await once(this.child, 'close');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Prometheus logs which port it was given. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = '';
    let url: string | undefined;
    child.stderr!.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      url ??= /Listening on.*?address=(127\.0\.0\.1:[1-9]\d*)/.exec(log)?.[1];
      if (url !== undefined && log.includes('Server is ready to receive web requests')) resolve(`http://${url}`);
    });
    child.once('close', () => reject(new Error(`prometheus ended:\n${log}`)));
  });
}
