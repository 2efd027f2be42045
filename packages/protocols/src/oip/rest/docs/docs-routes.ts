import type { Access } from '@witan/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OipServer } from '../../infer-types.js';
import type { OipRoute, RouteHandler } from '../route-list.js';
import { modelDocument, serverDocument } from './open-api.js';

/** Swagger UI's files come from the application's own `/docs`; without them there is a link to the document. */
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Open Inference Protocol</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="page"><a href="docs/dataplane.json">docs/dataplane.json</a></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

// A file rather than an inline script, so that the page also works under helmet's content security policy.
const START = `SwaggerUIBundle({ url: new URL('docs/dataplane.json', location.href).href, dom_id: '#page', deepLinking: true });
`;

/** `/v2/docs` for the server and `/v2/models/M/docs` for each model: a page, and the OpenAPI document behind it. */
export function docsRoutes(server: OipServer, access: Access, prefix: string): OipRoute[] {
  const get = (path: string, handle: RouteHandler): OipRoute => ({ method: 'GET', path, access, handle });
  const page = (path: string): OipRoute[] => [
    get(path, (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE)),
    get(`${path}/start.js`, (_request, reply) => reply.type('text/javascript; charset=utf-8').send(START)),
  ];
  const ofModel = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { model, version } = request.params as { model: string; version?: string };
    return sendJson(
      reply,
      modelDocument(await server.modelMetadata(model, version), version, server.metadata().version, prefix),
    );
  };
  return [
    ...page('/v2/docs'),
    get('/v2/docs/dataplane.json', (_request, reply) => sendJson(reply, serverDocument(server.metadata(), prefix))),
    ...['/v2/models/:model', '/v2/models/:model/versions/:version'].flatMap((base) => [
      ...page(`${base}/docs`),
      get(`${base}/docs/dataplane.json`, ofModel),
    ]),
  ];
}

function sendJson(reply: FastifyReply, document: object): FastifyReply {
  return reply.type('application/json').send(JSON.stringify(document));
}
