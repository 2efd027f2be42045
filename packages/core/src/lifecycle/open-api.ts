import { Inject, Injectable } from '@nestjs/common';
import { AccessControl } from '../access/access-control.js';
import { openApiDocument } from '../http/open-api-document.js';
import type { PathPrefix } from '../http/service-path.js';
import { ServiceRegistry } from './service-registry.js';
import { WITAN_OPTIONS } from './witan.module-definition.js';
import type { WitanOptions } from './witan-options.js';

/** What {@link OpenApi} needs of @nestjs/swagger's document; the package is an optional peer. */
interface SwaggerDocument {
  readonly paths: Record<string, object>;
  readonly components?: Record<string, object>;
}

/** The OpenAPI document of the whole application: services, and Nest's controllers where @nestjs/swagger is installed. */
@Injectable()
export class OpenApi {
  private nestDocument: (() => Promise<SwaggerDocument | undefined>) | undefined;
  private made: Promise<object> | undefined;

  constructor(
    @Inject(ServiceRegistry) private readonly services: ServiceRegistry,
    @Inject(WITAN_OPTIONS) private readonly options: WitanOptions,
    @Inject(AccessControl) private readonly access: AccessControl,
  ) {}

  /** How to get the document of Nest's own controllers: needs the application, which no provider knows. */
  useControllers(document: () => Promise<SwaggerDocument | undefined>): void {
    this.nestDocument = document;
  }

  document(prefix: PathPrefix): Promise<object> {
    return (this.made ??= this.make(prefix));
  }

  private async make(prefix: PathPrefix): Promise<object> {
    const own = openApiDocument(
      this.services.runtimes,
      { title: 'Witan', version: '1.0.0', ...this.options.info },
      { prefix, needsKey: this.access.needsKey },
    );
    const nest = await this.nestDocument?.();
    if (!nest) return own;
    return {
      ...own,
      paths: { ...nest.paths, ...own.paths },
      components: {
        ...nest.components,
        ...own.components,
        schemas: { ...nest.components?.['schemas'], ...own.components.schemas },
      },
    };
  }
}
