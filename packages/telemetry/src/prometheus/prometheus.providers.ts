import type { Provider } from '@nestjs/common';

export const prometheusProviders: Provider[] = [];
