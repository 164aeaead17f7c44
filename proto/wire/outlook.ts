// How far ahead an `Outlook` of the operator's API looks, as operator.proto says.

export const OUTLOOK_HOURS = 48;
