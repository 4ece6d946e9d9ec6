/* Every fault at every place: memory that runs out, launches and copies that fail, a device that is lost, one after the
 * other at the first, second, .. occasion of a run through all operations on the emulated device.
 *
 * Each run is a process of its own, which must live on: the failed call says what, where and why in one line, every
 * later call says the same instead of computing, the CPU goes on beside it, and after closing a new engine gives right
 * bits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/device/agree.h"
#include "host/device/engine.h"
#include "tests/test.h"

enum { REACHED = 10, NOT_REACHED, WRONG }; /* how a run ends */

static int wrong(const char *fault, const char *what, const char *said)
{
    fprintf(stderr, "%s: %s: '%s'\n", fault, what, said);
    return WRONG;
}

/* "GPU 0: cudaLaunchKernelEx (gpu.cuh:150): unspecified launch failure" */
static bool is_told(const char *text)
{
    const char *place = strstr(text, ".cu");
    bool call = strstr(text, "GPU 0: cuda") || strstr(text, "emu: cudaGetDeviceCount");
    return call && place && strchr(place, ':') && strstr(place, "): ") && !strchr(text, '\n');
}

static bool cpu_works(void)
{
    gnt_engine cpu;
    gnt_error why = {0};
    bool works = !gnt_engine_open(&cpu, "cpu", 1, NULL, &why) && !gnt_device_agrees(cpu.ops, cpu.dev, &why);
    gnt_engine_close(&cpu);
    return works;
}

/* After an error that sticks, a call that needs the device answers with it. */
static bool sticks(gnt_engine *engine, gnt_status status, const char *text)
{
    uint32_t index[4];
    gnt_error why = {0};
    gnt_resample_plan plan = {.method = GNT_RESAMPLE_IID, .seed = 1};
    gnt_status again = gnt_engine_resample(engine, &plan, 4, 1, index, &why);
    const char *place = strstr(text, "GPU 0: ");
    return status == GNT_ENOMEM ? again == GNT_OK : again == status && place && strstr(why.text, place);
}

static int run(const char *fault)
{
    gnt_engine engine;
    gnt_error why = {0}, later = {0};
    setenv("GNT_EMU_FAULT", fault, 1);
    gnt_status st = gnt_engine_open(&engine, "emu", 1, NULL, &why);
    bool opened = !st;
    if (opened) st = gnt_device_agrees(engine.ops, engine.dev, &why);
    if (st && !is_told(why.text)) return wrong(fault, "not told", why.text);
    if (st && st != GNT_EDEVICE && st != GNT_ENOMEM) return wrong(fault, "status", gnt_status_text(st));
    if (st && opened && !sticks(&engine, st, why.text)) return wrong(fault, "doesn't stick", why.text);
    if (!st) {
        gnt_engine_close(&engine);
        return NOT_REACHED;
    }
    if (!cpu_works()) return wrong(fault, "the CPU fails too", why.text);
    gnt_engine_close(&engine);
    if (gnt_engine_open(&engine, "emu", 1, NULL, &later)) return wrong(fault, "can't be opened again", later.text);
    if (gnt_device_agrees(engine.ops, engine.dev, &later)) return wrong(fault, "wrong afterwards", later.text);
    gnt_engine_close(&engine);
    return REACHED;
}

static int in_own_process(const char *fault)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) _exit(run(fault));
    if (child < 0 || waitpid(child, &status, 0) != child) fail_msg("no process for %s", fault);
    if (!WIFEXITED(status)) fail_msg("%s: the process died of signal %d", fault, WTERMSIG(status));
    return WEXITSTATUS(status);
}

/* The emulated device reads its switches when it is first used, so this process never opens it. */
static void need_emu(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        gnt_engine engine;
        _exit(gnt_engine_open(&engine, "emu", 1, NULL, NULL) ? 1 : 0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) skip();
}

/* Every place up to the first that a run doesn't come to; the last ones of many are sampled. */
static void at_every_place(const char *kind, unsigned least)
{
    need_emu();
    unsigned k = 1, n = 0;
    for (;; k += 1 + k / 32) {
        char fault[32];
        snprintf(fault, sizeof fault, "%s:%u", kind, k);
        int how = in_own_process(fault);
        if (how == NOT_REACHED) break;
        if (how != REACHED) fail_msg("%s: ended with %d", fault, how);
        n++;
    }
    print_message("%s: %u places up to number %u, each told\n", kind, n, k);
    if (n < least) fail_msg("%s: only %u places; the fault isn't injected", kind, n);
}

static void memory(void **state)
{
    (void)state;
    at_every_place("malloc", 2);
    at_every_place("pinned", 2);
}

static void launches(void **state)
{
    (void)state;
    at_every_place("launch", 7);
}

static void copies(void **state)
{
    (void)state;
    at_every_place("copy", 14);
}

static void lost(void **state)
{
    (void)state;
    at_every_place("lost", 40);
}

static int refused(const char *fault, const char *word)
{
    gnt_engine engine;
    gnt_error why = {0};
    setenv("GNT_EMU_FAULT", fault, 1);
    if (gnt_engine_open(&engine, "emu", 1, NULL, &why) != GNT_EDEVICE || !strstr(why.text, word))
        return wrong(fault, "isn't said", why.text);
    return 0;
}

static void absent(void **state)
{
    (void)state;
    need_emu();
    static const char *const cases[][2] = {{"nodriver", "no driver"}, {"nodevice", "no GPU is visible"}};
    for (size_t i = 0; i < 2; i++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) _exit(refused(cases[i][0], cases[i][1]));
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) fail_msg("%s isn't said", cases[i][0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory), cmocka_unit_test(launches), cmocka_unit_test(copies),
        cmocka_unit_test(lost),   cmocka_unit_test(absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
