/** What comes before a path: the same for all, or told for each path. */
export type PathPrefix = string | ((path: string) => string);

/** The URL of a service, e.g. `/api/predictions/iris/:run/:model`. */
export function servicePath(path: string, prefix: PathPrefix = ''): string {
  const before = typeof prefix === 'string' ? prefix : prefix(path);
  const parts = [before, path].map((part) => part.replace(/^\/+|\/+$/g, '')).filter((part) => part !== '');
  return `/${parts.join('/')}`;
}
