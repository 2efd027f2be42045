import { Inject, Injectable } from '@nestjs/common';
import { AccessControl } from '../access/access-control.js';
import { commonPrefix } from '../http/extension-scope.js';
import { openApiDocument, withKey } from '../http/open-api-document.js';
import { DynamicServices } from '../service/dynamic-services.js';
import type { PathPrefix } from '../http/service-path.js';
import { ServiceExplorer } from '../service/service-explorer.js';
import { ServiceRegistry } from './service-registry.js';
import { isOpenApiContributor, OPEN_API_PATHS, type OpenApiSurroundings } from './transport-extensions.js';
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
  private controllers: Promise<SwaggerDocument | undefined> | undefined;
  private made: Promise<object> | undefined;
  private readonly listeners: (() => void)[] = [];

  constructor(
    @Inject(ServiceRegistry) private readonly services: ServiceRegistry,
    @Inject(WITAN_OPTIONS) private readonly options: WitanOptions,
    @Inject(AccessControl) private readonly access: AccessControl,
    @Inject(DynamicServices) private readonly dynamic: DynamicServices,
    @Inject(ServiceExplorer) private readonly explorer: ServiceExplorer,
  ) {
    dynamic.onChange(() => this.changed());
  }

  /** What a {@link OpenApiContributor} adds has changed: the document is made anew when it is next asked for. */
  changed(): void {
    this.made = undefined;
    for (const listener of this.listeners) listener();
  }

  /** Calls `listener` when a document that was given before is out of date. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** How to get the document of Nest's own controllers: needs the application, which no provider knows. */
  useControllers(document: () => Promise<SwaggerDocument | undefined>): void {
    this.nestDocument = document;
  }

  document(prefix: PathPrefix): Promise<object> {
    if (this.made) return this.made;
    const made = (this.made = this.make(prefix));
    // What failed once may succeed when it is asked for again.
    made.catch(() => (this.made = this.controllers = undefined));
    return made;
  }

  private async make(prefix: PathPrefix): Promise<object> {
    const own = openApiDocument(
      [...this.services.runtimes, ...this.dynamic.list()],
      { title: 'Witan', version: '1.0.0', ...this.options.info },
      { prefix, needsKey: this.access.needsKey },
    );
    const parts = this.explorer
      .instances()
      .filter(isOpenApiContributor)
      .map((one) => one[OPEN_API_PATHS](this.surroundings(prefix)));
    const schemas = Object.assign({}, ...parts.map((part) => part.schemas), own.components.schemas) as object;
    const paths = Object.assign({}, ...parts.map((part) => part.paths), own.paths) as object;
    const nest = await (this.controllers ??= this.nestDocument?.());
    return {
      ...own,
      paths: { ...nest?.paths, ...paths },
      components: {
        ...nest?.components,
        ...own.components,
        schemas: { ...nest?.components?.['schemas'], ...schemas },
      },
    };
  }

  private surroundings(prefix: PathPrefix): OpenApiSurroundings {
    return {
      prefix: commonPrefix(prefix),
      withKey: (operation) => (this.access.needsKey ? withKey(operation) : operation),
    };
  }
}
