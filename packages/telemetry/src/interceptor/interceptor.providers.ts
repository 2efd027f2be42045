import type { Provider } from '@nestjs/common';

export const interceptorProviders: Provider[] = [];
