/* Single windows by the kernel that stays (GNT_CUDA_RESIDENT=1): the CPU's bits for every request, with other calls and
 * other models in between, and after the kernel has left. On the emulated device it leaves after every request; on a
 * GPU it stays through a burst of them. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/device/engine.h"
#include "tests/lstm_case.h"
#include "tests/test.h"

enum { ROWS = 60, REQUESTS = 40, MODELS = 2 };

static const gnt_net nets[MODELS] = {{7, 10, 24, 1, false, GNT_POOL_LAST, 0},
                                     {7, 10, 9, 2, true, GNT_POOL_ATTENTION, 5}};

typedef struct served {
    gnt_engine engine;
    gnt_packed *model[MODELS];
} served;

static gnt_status served_open(served *s, const char *device, gnt_error *why)
{
    gnt_status st = gnt_engine_open(&s->engine, device, 1, NULL, why);
    for (size_t m = 0; m < MODELS && !st; m++) {
        float *weights = case_weights(&nets[m], 5 + m);
        st = gnt_engine_pack(&s->engine, &nets[m], weights, GNT_FLOAT32, &s->model[m], why);
        free(weights);
    }
    return st;
}

static void served_close(served *s)
{
    for (size_t m = 0; m < MODELS; m++) gnt_engine_unpack(&s->engine, s->model[m]);
    gnt_engine_close(&s->engine);
}

static gnt_status ask(served *s, size_t model, gnt_panel panel, const uint32_t *row, size_t n, float *logit,
                      gnt_error *why)
{
    const gnt_packed *const models[] = {s->model[model]};
    return gnt_engine_forward(&s->engine, models, 1, panel, (gnt_rows){row, n}, logit, why);
}

/* Request i: mostly one window, now and then a batch by another path. */
static int requests(served *cpu, served *device, gnt_panel panel)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        size_t n = i % 7 == 6 ? 33 : 1, model = i / 3 % MODELS;
        uint32_t row[33];
        float want[33], got[33];
        gnt_error why = {0};
        memset(got, 0xff, sizeof got);
        for (size_t k = 0; k < n; k++) row[k] = (uint32_t)(9 + (i * 17 + k) % (ROWS - 9));
        if (ask(cpu, model, panel, row, n, want, &why) || ask(device, model, panel, row, n, got, &why)) {
            fprintf(stderr, "request %zu: %s\n", i, why.text);
            return 1;
        }
        if (memcmp(want, got, n * sizeof *want) != 0) {
            fprintf(stderr, "request %zu: %.9g, the CPU's %.9g\n", i, got[0], want[0]);
            return 1;
        }
    }
    return 0;
}

/* 0: right, 77: no such device. In a process of its own: its environment is another one's. */
static int run(const char *name)
{
    served cpu = {0}, device = {0};
    gnt_error why = {0};
    float *x = case_panel(ROWS, nets[0].n_features, 3, NULL);
    setenv("GNT_CUDA_RESIDENT", "1", 1);
    setenv("GNT_EMU_ORDER", "shuffle:11", 1);
    if (gnt_engine_open(&device.engine, name, 1, NULL, &why)) return 77;
    gnt_engine_close(&device.engine);
    if (served_open(&cpu, "cpu", &why) || served_open(&device, name, &why)) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    int rc = requests(&cpu, &device, (gnt_panel){x, ROWS, nets[0].n_features});
    usleep(100000); /* longer than the kernel's patience */
    rc |= requests(&cpu, &device, (gnt_panel){x, ROWS, nets[0].n_features});
    served_close(&device);
    served_close(&cpu);
    free(x);
    return rc;
}

static void on_device(const char *name)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) _exit(run(name));
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) fail_msg("%s: the process died", name);
    if (WEXITSTATUS(status) == 77) {
        print_message("skip - %s: serving by a kernel that stays: no such device here\n", name);
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void emulated(void **state)
{
    (void)state;
    on_device("emu");
}

static void gpu(void **state)
{
    (void)state;
    on_device("cuda");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(emulated), cmocka_unit_test(gpu)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
