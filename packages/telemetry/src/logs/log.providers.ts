import type { Provider } from '@nestjs/common';
import { RequestLog } from './request-log.js';

export const logProviders: Provider[] = [RequestLog];
