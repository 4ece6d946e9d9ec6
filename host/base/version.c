#include "version.h"

const char *gnt_version(void)
{
    return GNT_VERSION;
}

const char *gnt_commit(void)
{
    return GNT_COMMIT;
}
