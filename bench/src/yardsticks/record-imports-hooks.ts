// Module hooks of record-imports: they run in a thread of their own.
import { appendFileSync } from 'node:fs';
import type { ResolveHook } from 'node:module';

let file = '';

export function initialize(data: { readonly file: string }): void {
  file = data.file;
}

const isThirdParty = (url: string): boolean => url.includes('/node_modules/');

export const resolve: ResolveHook = async (specifier, context, next) => {
  const found = await next(specifier, context);
  const { parentURL } = context;
  if (parentURL !== undefined && !isThirdParty(parentURL) && isThirdParty(found.url))
    appendFileSync(file, `import ${found.url}\n`);
  return found;
};
