import type { DynamicModule, Type } from '@nestjs/common';
import { modulesOf } from '../service/module-walk.js';
import { WitanModule } from './witan.module.js';
import type { WitanOptions } from './witan-options.js';

/** The application's module, with Witan's beside it unless it imports that itself. */
export async function rootModuleOf(
  application: Type | DynamicModule,
  options: WitanOptions = {},
): Promise<Type | DynamicModule> {
  const modules = await modulesOf(application);
  if (modules.has(WitanModule)) return application;
  return { module: class WitanRoot {}, imports: [application, WitanModule.forRoot(options)] };
}
