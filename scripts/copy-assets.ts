/** Copies what tsc does not: the Lua scripts of the Redis ledger. */
import { cpSync } from 'node:fs';

cpSync('src/adapters/redis/lua', 'dist/adapters/redis/lua', { recursive: true });
