import type { Provider } from '@nestjs/common';
import { Measured } from './measured.js';
import { TelemetryInterceptor } from './telemetry.interceptor.js';

export const interceptorProviders: Provider[] = [Measured, TelemetryInterceptor];
