// Names of projects, versions and specs: each becomes one word of a path.
const segment = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$/;

export const isSegment = (text: string): boolean => segment.test(text);
