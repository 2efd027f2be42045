import type { Provider } from '@nestjs/common';
import { TraceSource } from './trace-source.js';

export const traceProviders: Provider[] = [TraceSource];
