import type { INestApplication } from '@nestjs/common';
import { OpenApi } from './open-api.js';

/** Adds the controllers' part of the OpenAPI document, made by @nestjs/swagger on first use where it is installed. */
export function useSwaggerDocument(nest: INestApplication): void {
  nest.get(OpenApi).useControllers(async () => {
    const swagger = await import('@nestjs/swagger').catch(() => undefined);
    if (!swagger) return undefined;
    const config = new swagger.DocumentBuilder().build();
    return swagger.SwaggerModule.createDocument(nest, config) as never;
  });
}
