/* cmocka with the four headers it wants first. */
#ifndef GNT_TEST_H
#define GNT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
