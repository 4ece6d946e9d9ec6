/* SHA-256 as lower-case hex (OpenSSL) and FNV-1a (layer 0). */
#ifndef GNT_HASH_H
#define GNT_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define GNT_SHA256_ROOM 65

GNT_MUST_CHECK gnt_status gnt_sha256(const void *data, size_t n, char out[GNT_SHA256_ROOM], gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_sha256_file(const char *path, char out[GNT_SHA256_ROOM], gnt_error *why);

uint64_t gnt_fnv1a_64(const char *text); /* SPEC 10: seed' = seed XOR FNV-1a-64(experiment name) */
uint32_t gnt_fnv1a_32(const char *text);

#endif
