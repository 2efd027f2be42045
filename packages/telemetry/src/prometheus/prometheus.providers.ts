import type { Provider } from '@nestjs/common';
import { PrometheusRoutes } from './prometheus-routes.js';

export const prometheusProviders: Provider[] = [PrometheusRoutes];
