#include "module.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The program's folder, without a slash at its end; "." when the system doesn't say. */
static void program_folder(char folder[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    folder[n > 0 ? n : 0] = 0;
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = 0;
    else
        snprintf(folder, PATH_MAX, ".");
}

/* Path of the module's file; false when there is none. */
static bool find(const char *name, char path[PATH_MAX + 64])
{
    static const char *const places[] = {"", "/../lib/gauntlet"};
    char folder[PATH_MAX];
    const char *given = getenv("GNT_MODULES");
    if (given && *given) {
        snprintf(path, PATH_MAX + 64, "%.*s/gauntlet-%s.so", PATH_MAX - 1, given, name);
        return access(path, R_OK) == 0;
    }
    program_folder(folder);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, PATH_MAX + 64, "%s%s/gauntlet-%s.so", folder, places[i], name);
        if (access(path, R_OK) == 0) return true;
    }
    return false;
}

/* What the loader said, without the path that the message names already. */
static const char *loader_says(void)
{
    const char *text = dlerror(), *colon = text ? strstr(text, ": ") : NULL;
    return colon ? colon + 2 : text ? text : "unknown";
}

static gnt_status check(const gnt_ops *ops, const char *path, gnt_error *why)
{
    if (ops && ops->abi == GNT_KERNELS_ABI && ops->size == sizeof(gnt_ops)) return GNT_OK;
    return gnt_fail(why, GNT_EDEVICE,
                    "%s: its table has version %u and %u bytes, this program %u and %zu: install both from one build",
                    path, ops ? ops->abi : 0, ops ? ops->size : 0, GNT_KERNELS_ABI, sizeof(gnt_ops));
}

gnt_status gnt_module_open(const char *name, const gnt_ops **ops, gnt_error *why)
{
    char path[PATH_MAX + 64];
    gnt_module_fn *entry = NULL;
    if (!find(name, path)) {
        const char *given = getenv("GNT_MODULES");
        return gnt_fail(why, GNT_EDEVICE, "there is no gauntlet-%s.so %s%s", name,
                        given && *given ? "in GNT_MODULES, " : "beside the program or in ../lib/gauntlet",
                        given && *given ? given : "");
    }
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!module) return gnt_fail(why, GNT_EDEVICE, "%s: can't be loaded: %s", path, loader_says());
    *(void **)&entry = dlsym(module, GNT_MODULE_SYMBOL);
    if (!entry) return gnt_fail(why, GNT_EDEVICE, "%s: has no symbol " GNT_MODULE_SYMBOL, path);
    *ops = entry();
    return check(*ops, path, why);
}
