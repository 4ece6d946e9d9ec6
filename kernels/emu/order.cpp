/* order.cpp: what order.h promises. */
#include "kernels/emu/order.h"

#include <stdlib.h>
#include <string.h>

namespace gnt_emu
{

bool order::parse(const char *text)
{
    char *end = nullptr;
    *this = order();
    if (!strcmp(text, "forward")) return true;
    kind = order_kind::reverse;
    if (!strcmp(text, "reverse")) return true;
    kind = order_kind::ahead;
    if (!strcmp(text, "ahead")) return true;
    kind = order_kind::shuffle;
    if (strncmp(text, "shuffle:", 8) != 0 || text[8] < '0' || text[8] > '9') return false;
    seed = strtoull(text + 8, &end, 10);
    return *end == 0;
}

uint64_t turns::next()
{
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

} // namespace gnt_emu
