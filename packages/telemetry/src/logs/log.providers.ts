import type { Provider } from '@nestjs/common';

export const logProviders: Provider[] = [];
