import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { sendFailure } from './failure.js';
import { httpError } from './http.errors.js';
import type { HttpServiceOptions } from './options.js';
import { freshRequestId } from './request-id.js';
import { addRouteIfFree } from './route-if-free.js';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

// A file rather than an inline script, so that the page also works under helmet's content security policy.
const START = `SwaggerUIBundle({ url: new URL('openapi.json', location.href).href, dom_id: '#page', deepLinking: true });
`;

/** `GET /docs`: Swagger UI from the installed package, nothing from the network; files are read when asked for. */
export function addDocsRoutes(
  scope: FastifyInstance,
  options: HttpServiceOptions,
  findFolder: () => string | undefined = swaggerFolder,
): void {
  const { openapi = true, docs = openapi } = options.endpoints ?? {};
  if (!docs) return;
  addRouteIfFree(scope, 'GET', '/docs', (_request, reply) => {
    if (findFolder() === undefined) sendMissing(reply);
    else reply.type('text/html; charset=utf-8').send(PAGE);
  });
  addRouteIfFree(
    scope,
    'GET',
    '/docs/start.js',
    (_request, reply) => void reply.type('text/javascript; charset=utf-8').send(START),
  );
  addFileRoute(scope, findFolder, 'swagger-ui.css', 'text/css; charset=utf-8');
  addFileRoute(scope, findFolder, 'swagger-ui-bundle.js', 'text/javascript; charset=utf-8');
}

function addFileRoute(scope: FastifyInstance, findFolder: () => string | undefined, file: string, type: string): void {
  addRouteIfFree(scope, 'GET', `/docs/${file}`, async (_request, reply) => {
    const folder = findFolder();
    if (folder === undefined) return sendMissing(reply);
    return reply
      .type(type)
      .header('cache-control', 'max-age=3600')
      .send(await readFile(join(folder, file)));
  });
}

function sendMissing(reply: FastifyReply): FastifyReply {
  const error = httpError(
    'CORE_ERR_HTTP_DOCS_MISSING',
    'this page needs a package: npm install @nestjs/swagger (or swagger-ui-dist)',
  );
  sendFailure(reply, error, freshRequestId());
  return reply;
}

/** Where swagger-ui-dist lies: beside us, in the application, or as a dependency of @nestjs/swagger. */
function swaggerFolder(): string | undefined {
  const here = createRequire(import.meta.url);
  const application = createRequire(join(process.cwd(), 'package.json'));
  for (const require of [here, application]) {
    const found = resolveFrom(require) ?? resolveBehind(require, '@nestjs/swagger');
    if (found) return found;
  }
  return undefined;
}

function resolveFrom(require: NodeJS.Require): string | undefined {
  try {
    return dirname(require.resolve('swagger-ui-dist/package.json'));
  } catch {
    return undefined;
  }
}

function resolveBehind(require: NodeJS.Require, name: string): string | undefined {
  try {
    return resolveFrom(createRequire(require.resolve(name)));
  } catch {
    return undefined;
  }
}
