import { constants } from 'node:crypto';
import { createSecureContext, type Server, type TlsOptions } from 'node:tls';
import { GrpcError } from './grpc-error.js';
import type { GrpcTlsOptions } from './options.js';

/** What RFC 9113, 9.2.2 leaves of TLS 1.2, and TLS 1.3's. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** @throws {GRPC_ERR_OPTION} */
export function tlsServerOptions(tls: GrpcTlsOptions, handshakeTimeout: number): TlsOptions {
  if (tls.requireClientCertificate && tls.ca === undefined) {
    throw new GrpcError(
      'GRPC_ERR_OPTION',
      'tls.requireClientCertificate needs tls.ca: the certificates of those who sign clients',
    );
  }
  const options: TlsOptions = {
    ...contextOptions(tls),
    handshakeTimeout,
    ALPNProtocols: ['h2'],
    requestCert: tls.requireClientCertificate ?? false,
    rejectUnauthorized: tls.requireClientCertificate ?? false,
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new GrpcError('GRPC_ERR_OPTION', `the TLS options are not usable: ${(cause as Error).message}`, { cause });
  }
  return options;
}

function contextOptions(tls: GrpcTlsOptions): TlsOptions {
  return {
    key: tls.key,
    cert: tls.cert,
    ...(tls.ca !== undefined && { ca: tls.ca }),
    minVersion: tls.minVersion ?? 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    // RFC 9113, 9.2.1.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** New connections get new certificates. */
export function watchCertificates(server: Server, tls: GrpcTlsOptions): void {
  tls.onChange?.((changed) => server.setSecureContext(contextOptions({ ...tls, ...changed })));
}
