/** The URL of a service, e.g. `/api/predictions/iris/:run/:model`. */
export function servicePath(path: string, prefix = ''): string {
  const parts = [prefix, path].map((part) => part.replace(/^\/+|\/+$/g, '')).filter((part) => part !== '');
  return `/${parts.join('/')}`;
}
