/* level.h - names for code that is compiled several times, once for each level of vector instructions. Private to src/crypto.
 *
 * The build defines CPU_LEVEL as plain, avx2 or avx512 and gives the compiler leave to use what belongs to it. The functions of
 * such a file carry the level in their names; who calls them has asked the processor first (mlkem.c).
 */
#ifndef CRYPTO_LEVEL_H
#define CRYPTO_LEVEL_H

#ifndef CPU_LEVEL
#define CPU_LEVEL plain
#endif

#define LEVEL_JOIN(name, level) name##_##level
#define LEVEL_NAME(name, level) LEVEL_JOIN(name, level)
#define LEVEL(name) LEVEL_NAME(name, CPU_LEVEL)

#endif
