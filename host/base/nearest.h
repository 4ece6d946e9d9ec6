/* The nearest valid word to a mistyped one (layer 0): for errors that name it. */
#ifndef GNT_NEAREST_H
#define GNT_NEAREST_H

#include <stddef.h>

/* The nearest of n names by edit distance, the first on ties; NULL when none is close. */
const char *gnt_nearest(const char *word, const char *const *names, size_t n);

#endif
