import type { Provider } from '@nestjs/common';

export const otlpProviders: Provider[] = [];
