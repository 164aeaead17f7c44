// Why a bundle cannot be launched from.

export type CatalogErrorCode =
  | 'SIGNATURE_MISSING'
  | 'SIGNATURE_INVALID'
  | 'MANIFEST_INVALID'
  | 'BUNDLE_INVALID'
  | 'DIGEST_MISMATCH';

export class CatalogError extends Error {
  constructor(
    /** A code of the closed table. */
    readonly code: CatalogErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CatalogError';
  }
}
