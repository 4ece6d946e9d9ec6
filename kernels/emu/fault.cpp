/* fault.cpp: what fault.h promises. */
#include "kernels/emu/fault.h"

#include <stdlib.h>
#include <string.h>

namespace gnt_emu
{

static const struct {
    const char *name;
    fault_kind kind;
    bool counted;
} kinds[] = {
    {"malloc:", fault_kind::malloc, true},     {"pinned:", fault_kind::pinned, true},
    {"launch:", fault_kind::launch, true},     {"copy:", fault_kind::copy, true},
    {"lost:", fault_kind::lost, true},         {"nodriver", fault_kind::nodriver, false},
    {"nodevice", fault_kind::nodevice, false},
};

bool fault_parse(const char *text, fault_kind *kind, uint64_t *at)
{
    *kind = fault_kind::none;
    *at = 0;
    if (!*text) return true;
    for (const auto &k : kinds) {
        size_t n = strlen(k.name);
        if (strncmp(text, k.name, n) != 0) continue;
        char *end = const_cast<char *>(text + n);
        if (k.counted && text[n] >= '0' && text[n] <= '9') *at = strtoull(text + n, &end, 10);
        *kind = k.kind;
        return *end == 0 && (*at > 0) == k.counted;
    }
    return false;
}

} // namespace gnt_emu
