// Imports the modules that IMPORTS_FILE names, says so, and ends.
import { importThirdParty } from './third-party.js';

await importThirdParty(process.env['IMPORTS_FILE']!);
process.stdout.write('imported\n', () => process.exit());
