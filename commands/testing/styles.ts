import { styleFor } from '../output.ts';

/** A terminal's, without colours. */
export const aligned = styleFor({ output: true, columns: 80 }, { NO_COLOR: '1' });

/** A terminal's. */
export const coloured = styleFor({ output: true, columns: 80 }, {});

/** Of a pipe or a file. */
export const tabbed = styleFor({ output: false, columns: 80 }, {});
