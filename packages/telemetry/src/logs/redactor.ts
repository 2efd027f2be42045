/** Gives what is left of a line; the same one where nothing is to be hidden. */
export type Redactor = <T extends object>(line: T) => T;

/** Hides the same fields as pino does, for lines that do not go through it: pino itself is asked. */
export async function redactor(paths: readonly string[]): Promise<Redactor> {
  if (paths.length === 0) return (line) => line;
  const { pino } = await import('pino');
  let written = '{}';
  const stream = { write: (text: string) => void (written = text) };
  const log = pino({ base: null, timestamp: false, redact: [...paths] }, stream);
  return <T extends object>(line: T): T => {
    log.info(line);
    const { level: _, ...left } = JSON.parse(written) as T & { readonly level: number };
    return left as unknown as T;
  };
}
