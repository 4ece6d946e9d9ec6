#include "mem.h"

#include <stdint.h>
#include <string.h>

void *gnt_alloc(size_t n, size_t size)
{
    if (size && n > (SIZE_MAX - 64) / size) return NULL;
    size_t bytes = (n * size + 63) / 64 * 64;
    if (!bytes) bytes = 64;
    void *block = aligned_alloc(64, bytes);
    if (block) memset(block, 0, bytes);
    return block;
}

gnt_status gnt_grow(void **block, size_t *capacity, size_t n, size_t size)
{
    if (n <= *capacity) return GNT_OK;
    size_t wanted = *capacity ? *capacity : 64;
    while (wanted < n) {
        if (wanted > SIZE_MAX / 2) return GNT_ENOMEM;
        wanted *= 2;
    }
    if (size && wanted > SIZE_MAX / size) return GNT_ENOMEM;
    void *grown = realloc(*block, wanted * size);
    if (!grown) return GNT_ENOMEM;
    *block = grown;
    *capacity = wanted;
    return GNT_OK;
}

char *gnt_strdup(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = malloc(n);
    if (copy) memcpy(copy, text, n);
    return copy;
}
