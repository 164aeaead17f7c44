// Which machine a call to the operator's API is about.

/** The metadata's key. Absent: the only one there is, or all of a fleet. */
export const HOST_KEY = 'lull-host';
