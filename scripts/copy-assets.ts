/** Copies what the compiler leaves behind into dist/: the Lua files, which the Redis adapter reads beside itself. */
import { cpSync, globSync } from 'node:fs';
import { join } from 'node:path';

for (const file of globSync('**/*.lua', { cwd: 'src' })) cpSync(join('src', file), join('dist', file));
