import type { Provider } from '@nestjs/common';
import { EmfExport } from './emf-export.js';

export const emfProviders: Provider[] = [EmfExport];
