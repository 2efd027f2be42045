import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Clock } from '../clock.js';
import type { Access } from '../lifecycle/transport-extensions.js';
import { WITAN_OPTIONS } from '../lifecycle/witan.module-definition.js';
import type { WitanOptions } from '../lifecycle/witan-options.js';
import { CLOCK } from '../lifecycle/witan.tokens.js';
import { accessError } from './access.errors.js';
import type { AccessOptions, KeySource } from './access-options.js';
import { KeyFile, type KeyFileLog } from './key-file.js';
import { KeyRing } from './key-ring.js';
import { checkedKeys, KeyFault } from './named-keys.js';

/** What a caller shows, and where it is. */
export interface Caller {
  readonly authorization: string | undefined;
  /** The `x-api-key` header. */
  readonly apiKey: string | undefined;
  /** Why it does not count as on this machine; `undefined`: it does. */
  whyNotLocal(): string | undefined;
}

type Keys = Pick<KeyFile, 'ring'>;

/** Who may call what, by the options `access`; the same on both protocols. */
@Injectable()
export class AccessControl implements OnApplicationShutdown {
  private readonly apiKeys: Keys | undefined;
  private readonly adminKeys: Keys | undefined;
  private readonly modelControl: boolean;
  private readonly files: KeyFile[] = [];

  constructor(@Inject(WITAN_OPTIONS) { access = {} }: WitanOptions, @Inject(CLOCK) clock: Clock) {
    const logger = new Logger('Witan');
    this.modelControl = modelControlOf(access);
    try {
      this.apiKeys = this.keysOf('apiKeys', access.apiKeys, clock, logger);
      this.adminKeys = this.keysOf('adminKeys', access.adminKeys, clock, logger);
    } catch (error) {
      this.onApplicationShutdown();
      throw error;
    }
  }

  onApplicationShutdown(): void {
    for (const file of this.files) file.close();
  }

  /** Whether predictions need a key. */
  get needsKey(): boolean {
    return this.apiKeys !== undefined;
  }

  /** Whether requests with this access must be looked at, at all. */
  asks(access: Access): boolean {
    return access === 'control' || (access === 'predict' && this.needsKey);
  }

  /**
   * The name of the caller's key; `undefined` where it needs none.
   * @throws {CORE_ERR_ACCESS_KEY} for a caller without a key that fits
   * @throws {CORE_ERR_ACCESS_CONTROL} for a call that changes the server, when that is not open to the caller
   */
  admit(access: Access, caller: Caller): string | undefined {
    if (access === 'control') return this.admitControl(caller);
    return access === 'predict' && this.apiKeys ? this.admitPredict(this.apiKeys, caller) : undefined;
  }

  /** Who may change models may use them: admin keys count here too. */
  private admitPredict(apiKeys: Keys, caller: Caller): string {
    const name = this.find(caller, apiKeys) ?? this.find(caller, this.adminKeys);
    if (name === undefined) throw noKey('predictions need a key', caller);
    return name;
  }

  private admitControl(caller: Caller): string | undefined {
    if (!this.modelControl) {
      throw accessError(
        'CORE_ERR_ACCESS_CONTROL',
        'this call would change the server, which is switched off: set access.modelControl (witan serve --model-control)',
      );
    }
    if (this.adminKeys) return this.admitAdmin(this.adminKeys, caller);
    const reason = caller.whyNotLocal();
    if (reason === undefined) return this.find(caller, this.apiKeys);
    throw accessError(
      'CORE_ERR_ACCESS_CONTROL',
      `this call would change the server, which only this machine may, and ${reason}: call 127.0.0.1 directly, or set access.adminKeys (witan serve --admin-key-file)`,
    );
  }

  private admitAdmin(adminKeys: Keys, caller: Caller): string {
    const name = this.find(caller, adminKeys);
    if (name !== undefined) return name;
    if (this.find(caller, this.apiKeys) === undefined)
      throw noKey('calls that change the server need an admin key', caller);
    throw accessError(
      'CORE_ERR_ACCESS_CONTROL',
      'this key is for predictions: calls that change the server need an admin key',
    );
  }

  private find({ authorization, apiKey }: Caller, keys: Keys | undefined): string | undefined {
    if (!keys) return undefined;
    const bearer = bearerOf(authorization);
    const name = bearer === undefined ? undefined : keys.ring().nameOf(bearer);
    return name ?? (apiKey === undefined ? undefined : keys.ring().nameOf(apiKey));
  }

  private keysOf(option: string, source: KeySource | undefined, clock: Clock, logger: KeyFileLog): Keys | undefined {
    if (source === undefined) return undefined;
    if ('file' in source && typeof source.file === 'string' && source.file !== '') {
      const file = new KeyFile(source.file, clock, logger);
      this.files.push(file);
      return file;
    }
    if (!('keys' in source))
      throw accessError(
        'CORE_ERR_ACCESS_OPTION',
        `access.${option} needs keys: [{ name, key }], or file: the path of a key file`,
      );
    const ring = ringOf(option, source.keys);
    return { ring: () => ring };
  }
}

function modelControlOf({ modelControl = false, adminKeys }: AccessOptions): boolean {
  if (typeof modelControl !== 'boolean')
    throw accessError('CORE_ERR_ACCESS_OPTION', `access.modelControl is ${String(modelControl)}: use true or false`);
  if (adminKeys === undefined || modelControl) return modelControl;
  throw accessError(
    'CORE_ERR_ACCESS_OPTION',
    'access.adminKeys says who may change the server, but nobody may: set access.modelControl too',
  );
}

function ringOf(option: string, keys: readonly NamedKeyLike[]): KeyRing {
  try {
    return new KeyRing(checkedKeys(keys));
  } catch (fault) {
    if (!(fault instanceof KeyFault)) throw fault;
    throw accessError('CORE_ERR_ACCESS_OPTION', `access.${option}.keys cannot be used: ${fault.message}`);
  }
}

type NamedKeyLike = Parameters<typeof checkedKeys>[0][number];

function bearerOf(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^bearer +(\S+) *$/i.exec(authorization)?.[1];
}

function noKey(what: string, { authorization, apiKey }: Caller): Error {
  const seen =
    authorization === undefined && apiKey === undefined ? 'the request has none' : 'the one sent is not known';
  return accessError(
    'CORE_ERR_ACCESS_KEY',
    `${what}, and ${seen}: send 'authorization: Bearer KEY' or 'x-api-key: KEY'`,
  );
}
