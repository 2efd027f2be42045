import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dataFile } from '../paths.js';

/** A key and a certificate for localhost, made by openssl on first use; nobody is asked to trust it. */
export function benchCertificate(): { readonly key: Buffer; readonly cert: Buffer } {
  const [key, cert] = [dataFile('tls.key'), dataFile('tls.crt')];
  if (!existsSync(cert)) {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const options = ['req', '-x509', ...curve, '-days', '3650', '-subj', '/CN=localhost', '-keyout', key, '-out', cert];
    execFileSync('openssl', options, { stdio: 'ignore' });
  }
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
