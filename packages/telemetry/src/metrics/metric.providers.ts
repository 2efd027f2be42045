import type { Provider } from '@nestjs/common';
import { Metrics } from './metrics.js';

export const metricProviders: Provider[] = [Metrics];
