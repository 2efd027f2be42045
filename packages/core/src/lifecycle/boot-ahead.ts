import type { DynamicModule, InjectionToken, Type } from '@nestjs/common';
import { modulesOf, valuesProvidedIn } from '../service/module-walk.js';

/** A module class with this static method is told that a boot begins; see {@link BootsAhead}. */
export const BOOT_AHEAD = Symbol.for('witan.bootAhead');

/** Every value that the application's modules provide under a token by `useValue`, from metadata alone. */
export type ProvidedValues = (token: InjectionToken) => Promise<readonly unknown[]>;

/**
 * What a module class has that needs something slow at boot and can begin with it before Nest makes any provider, such
 * as starting a process. Only `WitanFactory` calls it; nothing may depend on its being called.
 */
export interface BootsAhead {
  [BOOT_AHEAD](provided: ProvidedValues): Promise<void>;
}

/** Tells the module classes of an application. */
export async function bootAhead(root: Type | DynamicModule): Promise<void> {
  for (const type of await modulesOf(root)) {
    if (BOOT_AHEAD in type) await (type as unknown as BootsAhead)[BOOT_AHEAD]((token) => valuesProvidedIn(root, token));
  }
}
