/** What `lull up` writes of itself on stdout when all its parts are up: whoever starts it waits for this. */
export const IS_UP = ' is up: ';
