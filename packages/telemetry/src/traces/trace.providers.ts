import type { Provider } from '@nestjs/common';

export const traceProviders: Provider[] = [];
