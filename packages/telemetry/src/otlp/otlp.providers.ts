import type { Provider } from '@nestjs/common';
import { OtlpExport } from './otlp-export.js';

export const otlpProviders: Provider[] = [OtlpExport];
