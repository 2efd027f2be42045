import type { Provider } from '@nestjs/common';

export const summaryProviders: Provider[] = [];
