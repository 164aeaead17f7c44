// How large an envelope may be: apart, because whoever only hands one on does not load what reads it.

export const ENVELOPE_BYTES_MAX = 256 * 1024;
