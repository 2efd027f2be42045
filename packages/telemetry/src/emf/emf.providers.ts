import type { Provider } from '@nestjs/common';

export const emfProviders: Provider[] = [];
