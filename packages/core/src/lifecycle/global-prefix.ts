import { RequestMethod } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import { isRouteExcluded } from '@nestjs/core/router/utils/exclude-route.util.js';
import type { PathPrefix } from '../http/service-path.js';

/** Nest's global prefix for services: as for controllers, paths that its `exclude` option names go without. */
export function globalPrefixOf(config: ApplicationConfig): PathPrefix {
  const prefix = config.getGlobalPrefix();
  const { exclude = [] } = config.getGlobalPrefixOptions();
  return (path) => (isRouteExcluded(exclude, path, RequestMethod.POST) ? '' : prefix);
}
