// The one version of all three programs, as the package says it.
import packageFile from '../package.json' with { type: 'json' };

export const version: string = packageFile.version;
