import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { mavenTool, systemTool } from './foreign-tool.js';
import { answersOn, freePort } from './server-process.js';
import { startTcpRelay, type TcpRelay } from './tcp-relay.js';

const run = promisify(execFile);
const KAFKA = '3.9.1';
const ARTIFACTS = [`org.apache.kafka:kafka_2.13:${KAFKA}`, 'org.slf4j:slf4j-simple:1.7.36'];
const STARTS_WITHIN_MS = 90_000;
/** A small heap, and no optimising compiler: a broker for a few thousand messages starts in half the time. */
const JAVA = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];

/** A real broker on this machine. */
export interface KafkaServer {
  /** `127.0.0.1:PORT`, for `bootstrapBrokers`; the same after a restart. */
  readonly broker: string;
  /** SIGKILL, as a machine that loses its power; what was acknowledged is there after {@link restart}. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Another way to the broker, on which answers may get lost. */
  readonly relay: TcpRelay;
  close(): Promise<void>;
}

/** Apache Kafka in KRaft mode, its jars from Maven on first use; `missing` says why this machine cannot have it. */
export async function startKafkaServer(): Promise<KafkaServer | { readonly missing: string }> {
  const java = await systemTool('java', ['-version']);
  if ('missing' in java) return java;
  const jars = await mavenTool('kafka', KAFKA, ARTIFACTS);
  if ('missing' in jars) return jars;
  const folder = mkdtempSync(join(tmpdir(), 'witan-kafka-'));
  const [port, relayed, controller] = [await freePort(), await freePort(), await freePort()];
  const relay = await startTcpRelay(relayed);
  const settings = join(folder, 'server.properties');
  const ports = { port, relayed, advertised: relay.port, controller };
  writeFileSync(settings, propertiesOf(ports, join(folder, 'logs')));
  const classes = ['-cp', `${jars.path}/*`];
  await run('java', [...JAVA, ...classes, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', settings]);
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (child?.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await once(child, 'exit');
  };
  const restart = async (): Promise<void> => {
    await kill();
    child = await started([...JAVA, ...classes, 'kafka.Kafka', settings], port);
  };
  const close = async (): Promise<void> => {
    await kill();
    await relay.close();
    rmSync(folder, { recursive: true, force: true });
  };
  await restart().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return { broker: `127.0.0.1:${port}`, kill, restart, relay, close };
}

const CLUSTER = 'MkU3OEVBNTcwNTJENDM2Qg';

function propertiesOf(
  { port, relayed, advertised, controller }: Readonly<Record<string, number>>,
  logs: string,
): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port},RELAYED://127.0.0.1:${relayed},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${port},RELAYED://127.0.0.1:${advertised}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,RELAYED:PLAINTEXT
log.dirs=${logs}
num.partitions=3
message.max.bytes=1048588
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1500
initial.broker.registration.timeout.ms=20000
`;
}

async function started(command: readonly string[], port: number): Promise<ChildProcess> {
  const child = spawn('java', command, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const hear = (chunk: Buffer): void => void (said = (said + chunk.toString()).slice(-4000));
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  for (const endAt = Date.now() + STARTS_WITHIN_MS; !(await answersOn(port)); await sleep(50)) {
    if (child.exitCode === null && child.signalCode === null && Date.now() < endAt) continue;
    child.kill('SIGKILL');
    throw new Error(`Kafka did not start: ${said}`);
  }
  return child;
}
