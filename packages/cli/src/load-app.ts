import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { serviceDefinitionsOf, type ServiceDefinition } from '@witan/core';
import { CommandError } from './terminal.js';

type ModuleClass = Parameters<typeof serviceDefinitionsOf>[0];

/**
 * The services of a compiled application module, from its decorators alone: nothing is started, no model is loaded.
 * @throws {CommandError} when the file is not there, does not load, or has no module with services
 */
export async function loadServices(cwd: string, app: string, name: string | undefined): Promise<ServiceDefinition[]> {
  const file = resolve(cwd, app);
  if (!existsSync(file))
    throw new CommandError(
      `there is no file ${file}: build the application first, or give --app <compiled module file>`,
    );
  const root = moduleOf(await load(file), file, name);
  const services = await definitions(root, file);
  if (services.length === 0)
    throw new CommandError(
      `${file} reaches no class with @Service: is it listed in providers or controllers of a module?`,
    );
  return services;
}

async function load(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    throw new CommandError(`${file} cannot be loaded: ${(error as Error).message}`);
  }
}

async function definitions(root: ModuleClass, file: string): Promise<ServiceDefinition[]> {
  try {
    return await serviceDefinitionsOf(root);
  } catch (error) {
    throw new CommandError(`the services of ${file} are not usable: ${(error as Error).message}`);
  }
}

/** The export that is meant: the one named, AppModule, the default, or the only class. */
function moduleOf(exported: Record<string, unknown>, file: string, name: string | undefined): ModuleClass {
  const classes = Object.entries(exported).filter(([, value]) => typeof value === 'function');
  const wanted = name === undefined ? ['AppModule', 'default'] : [name];
  const found = wanted.map((key) => exported[key]).find((value) => typeof value === 'function');
  if (found) return found as ModuleClass;
  if (name === undefined && classes.length === 1) return classes[0]![1] as ModuleClass;
  const names = classes.map(([key]) => key).join(', ') || 'no class';
  throw new CommandError(`${file} has no export ${wanted[0]} (it has ${names}): give --export <module class>`);
}
