import { pathToFileURL } from 'node:url';
import { compiled } from '../paths.js';

/** Node's options for a process whose third-party imports are to be written to IMPORTS_FILE. */
export const RECORD_IMPORTS = ['--import', pathToFileURL(compiled('yardsticks/record-imports')).href];
