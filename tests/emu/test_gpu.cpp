/* One GPU from the host's side (kernels/cuda/gpu.cu): copies of every size, the slab and its guards, work spread over
 * GPUs, errors and what sticks. */
#include "tests/emu/emu.h"

#include "kernels/cuda/gpu.cu"

static gnt_gpu *open_gpu(const char *name, const char *value)
{
    machine_with(name, value);
    gnt_gpu *gpu = static_cast<gnt_gpu *>(calloc(1, sizeof *gpu));
    assert_non_null(gpu);
    if (gnt_gpu_open(gpu, 0)) fail_msg("%s", gpu->reason);
    return gpu;
}

static void close_gpu(gnt_gpu *gpu)
{
    gnt_gpu_close(gpu);
    free(gpu);
}

#define DONE(gpu, call)                                               \
    do {                                                              \
        if ((call) != GNT_OK) fail_msg("%s: %s", #call, gpu->reason); \
    } while (0)

static std::vector<unsigned char> noise(size_t n)
{
    std::vector<unsigned char> bytes(n);
    uint64_t x = n + 1;
    for (unsigned char &b : bytes) {
        x = x * 6364136223846793005ULL + 1442695040888963407ULL;
        b = (unsigned char)(x >> 56);
    }
    return bytes;
}

/* ---- copies ---------------------------------------------------------------------------------------------------- */

static const size_t SLOT = GNT_SLOT_BYTES;

/* There and back, between bytes that nobody writes. */
static void copies_of_every_size(void **)
{
    const size_t sizes[] = {0, 1, SLOT - 1, SLOT, SLOT + 1, 2 * SLOT, 3 * SLOT + 7};
    gnt_gpu *gpu = open_gpu(nullptr, nullptr);
    for (size_t n : sizes) {
        array<unsigned char> device(n + 1);
        std::vector<unsigned char> there = noise(n), back(n + 128, 0xA5);
        DONE(gpu, gnt_upload(gpu, device.p, there.data(), n));
        std::vector<unsigned char> sent = there;
        std::fill(there.begin(), there.end(), 0); /* read when the call returned */
        DONE(gpu, gnt_download(gpu, back.data() + 64, device.p, n));
        if (n && memcmp(back.data() + 64, sent.data(), n) != 0) fail_msg("%zu bytes came back as others", n);
        for (size_t i = 0; i < 64; i++)
            if (back[i] != 0xA5 || back[64 + n + i] != 0xA5) fail_msg("%zu bytes: written outside", n);
    }
    close_gpu(gpu);
}

static void rows_to_a_pitch(void **)
{
    const size_t row = 12, pitch = 20, slot_rows = SLOT / row;
    const size_t counts[] = {0, 1, 2, slot_rows - 1, slot_rows, slot_rows + 1, 2 * slot_rows + 5};
    gnt_gpu *gpu = open_gpu(nullptr, nullptr);
    for (size_t n : counts) {
        array<unsigned char> device(n * row + 1);
        std::vector<unsigned char> there = noise(n * row), back(n * pitch + 1, 0xA5);
        DONE(gpu, gnt_upload(gpu, device.p, there.data(), there.size()));
        DONE(gpu, gnt_download_rows(gpu, back.data(), pitch, device.p, row, n));
        for (size_t i = 0; i < n * pitch; i++) {
            size_t r = i / pitch, k = i % pitch;
            unsigned char want = k < row ? there[r * row + k] : 0xA5;
            if (back[i] != want) fail_msg("%zu rows: byte %zu of row %zu is %02x, want %02x", n, k, r, back[i], want);
        }
    }
    close_gpu(gpu);
}

static void pieces_lie_side_by_side(void **)
{
    const size_t pieces[] = {1, 7, SLOT - 9, 0, 1, 1, SLOT, 3, 2 * SLOT + 5, 11};
    size_t all = 0, at = 0;
    for (size_t n : pieces) all += n;
    gnt_gpu *gpu = open_gpu(nullptr, nullptr);
    array<unsigned char> device(all);
    std::vector<unsigned char> there = noise(all), back(all);
    gnt_feed feed = {gpu, device.p, nullptr, 0};
    for (size_t n : pieces) {
        DONE(gpu, gnt_feed_put(&feed, there.data() + at, n));
        at += n;
    }
    DONE(gpu, gnt_feed_end(&feed));
    DONE(gpu, gnt_download(gpu, back.data(), device.p, all));
    if (memcmp(back.data(), there.data(), all) != 0) fail_msg("pieces of %zu bytes came back as others", all);
    close_gpu(gpu);
}

/* ---- the slab --------------------------------------------------------------------------------------------------- */

struct two_parts {
    float *a, *b;
    size_t n;

    void place(gnt_slab *slab)
    {
        a = slab->take<float>(n);
        b = slab->take<float>(n);
    }
};

static void put(float *x, size_t i)
{
    x[i] = 1;
}

static void parts_are_aligned_and_apart(void **)
{
    gnt_gpu *gpu = open_gpu(nullptr, nullptr);
    const size_t sizes[] = {0, 1, 63, 64, 65, 1000};
    for (size_t n : sizes) {
        two_parts parts = {nullptr, nullptr, n};
        DONE(gpu, gnt_slab_place(gpu, &parts));
        if ((uintptr_t)parts.a % GNT_PART_ALIGN || (uintptr_t)parts.b % GNT_PART_ALIGN) fail_msg("%zu: not aligned", n);
        size_t apart = (size_t)(parts.b - parts.a) * sizeof(float);
        if (!(apart >= n * sizeof(float) + GNT_PART_ALIGN)) fail_msg("%zu: only %zu bytes apart", n, apart);
        if (!(gpu->slab_bytes >= apart + n * sizeof(float))) fail_msg("%zu: the slab has %zu", n, gpu->slab_bytes);
    }
    size_t most = gpu->slab_bytes;
    two_parts small = {nullptr, nullptr, 1};
    DONE(gpu, gnt_slab_place(gpu, &small));
    assert_int_equal(gpu->slab_bytes, most); /* grows, never shrinks */
    close_gpu(gpu);
}

/* One float behind a part is found by whoever waits, and sticks; in a later layout the same place may be written. */
static void a_write_behind_a_part_is_found(void **)
{
    gnt_gpu *gpu = open_gpu(nullptr, nullptr);
    two_parts parts = {nullptr, nullptr, 65}, larger = {nullptr, nullptr, 66};
    DONE(gpu, gnt_slab_place(gpu, &larger));
    DONE(gpu, gnt_slab_place(gpu, &parts));
    DONE(gpu, gnt_slab_place(gpu, &larger));
    DONE(gpu, gnt_launch(gpu, put, dim3(1), dim3(1), 0, larger.a, (size_t)65));
    DONE(gpu, gnt_gpu_sync(gpu));
#ifndef __SANITIZE_ADDRESS__ /* the sanitizer ends the program at the write itself */
    DONE(gpu, gnt_slab_place(gpu, &parts));
    DONE(gpu, gnt_launch(gpu, put, dim3(1), dim3(1), 0, parts.a, (size_t)65));
    assert_int_equal(gnt_gpu_sync(gpu), GNT_EDEVICE);
    assert_int_equal(gpu->fault, GNT_EDEVICE);
    if (!strstr(gpu->reason, "gpu.cu:")) fail_msg("the reason \"%s\" lacks file and line", gpu->reason);
#endif
    close_gpu(gpu);
}

static void what_does_not_fit_is_refused_with_figures(void **)
{
    gnt_gpu *gpu = open_gpu("GNT_EMU_MEMORY", "1048576");
    size_t room = 0, n = 0;
    DONE(gpu, gnt_gpu_room(gpu, &room));
    assert_int_equal(gnt_slab_reserve(gpu, room + 1), GNT_ENOMEM);
    if (!strstr(gpu->reason, "needs 1.0 MB at once, device has 1.0 MB free")) fail_msg("said: %s", gpu->reason);
    assert_int_equal(gpu->fault, GNT_OK); /* doesn't stick */
    DONE(gpu, gnt_gpu_fit(gpu, 1000, 0, SIZE_MAX, &n));
    if (!(n * 1000 <= room && (n + 20) * 1000 >= room)) fail_msg("%zu items of 1000 bytes in %zu", n, room);
    DONE(gpu, gnt_gpu_fit(gpu, 1000, 0, 7, &n));
    assert_int_equal(n, 7);
    DONE(gpu, gnt_gpu_fit(gpu, 2 * room, 0, 7, &n));
    assert_int_equal(n, 1);
    DONE(gpu, gnt_slab_reserve(gpu, room));
    void *memory = nullptr; /* a model finds room where the slab was */
    DONE(gpu, gnt_gpu_malloc(gpu, &memory, room / 2));
    assert_int_equal(gpu->slab_bytes, 0);
    assert_int_equal(gnt_gpu_malloc(gpu, &memory, room), GNT_ENOMEM);
    assert_int_equal(gpu->fault, GNT_OK);
    OK(cudaFree(memory));
    close_gpu(gpu);
}

/* ---- several GPUs ------------------------------------------------------------------------------------------------ */

enum { ITEMS = 1000 };

struct tally {
    unsigned char seen[ITEMS];
    int device[ITEMS];
    size_t fails_at;
};

static gnt_status count_items(gnt_gpu *gpu, size_t first, size_t last, void *arg)
{
    tally *t = static_cast<tally *>(arg);
    int current = -1;
    GNT_CUDA(gpu, cudaGetDevice(&current));
    for (size_t i = first; i < last; i++) {
        t->seen[i]++;
        t->device[i] = current == gpu->number ? current : -1;
        if (i == t->fails_at) return gnt_gpu_refuse(gpu, GNT_EDATA, "item %zu of GPU %d", i, gpu->number);
    }
    return GNT_OK;
}

static void every_item_is_one_gpu_s(void **)
{
    machine_with("GNT_EMU_DEVICES", "3");
    gnt_device *dev = static_cast<gnt_device *>(calloc(1, sizeof *dev));
    tally *t = static_cast<tally *>(calloc(1, sizeof *t));
    assert_non_null(dev);
    assert_non_null(t);
    for (dev->n_gpus = 0; dev->n_gpus < 3; dev->n_gpus++)
        DONE((&dev->gpu[dev->n_gpus]), gnt_gpu_open(&dev->gpu[dev->n_gpus], (int)dev->n_gpus));
    const size_t counts[] = {0, 1, 2, 3, 4, 7, ITEMS};
    for (size_t n : counts) {
        *t = {};
        t->fails_at = SIZE_MAX;
        if (gnt_each_gpu(dev, n, count_items, t)) fail_msg("%zu items: %s", n, dev->reason);
        for (size_t i = 0; i < ITEMS; i++)
            if (t->seen[i] != (i < n)) fail_msg("%zu items: item %zu was taken %d times", n, i, t->seen[i]);
        for (size_t i = 0; i < n; i++)
            if (t->device[i] < 0 || (i && t->device[i] < t->device[i - 1])) fail_msg("%zu items: item %zu", n, i);
    }
    t->fails_at = ITEMS - 1;
    assert_int_equal(gnt_each_gpu(dev, ITEMS, count_items, t), GNT_EDATA);
    assert_string_equal(dev->reason, "item 999 of GPU 2");
    for (unsigned g = 0; g < dev->n_gpus; g++) gnt_gpu_close(&dev->gpu[g]);
    free(dev);
    free(t);
}

/* ---- faults ------------------------------------------------------------------------------------------------------ */

/* A copy that fails is kept with call and line, and nothing is run on that GPU from then on. */
static void a_fault_sticks(void **)
{
    gnt_gpu *gpu = open_gpu("GNT_EMU_FAULT", "copy:1");
    gnt_device *dev = static_cast<gnt_device *>(calloc(1, sizeof *dev));
    tally *t = static_cast<tally *>(calloc(1, sizeof *t));
    assert_non_null(dev);
    assert_non_null(t);
    unsigned char bytes[64] = {};
    two_parts parts = {nullptr, nullptr, 64};
    DONE(gpu, gnt_slab_place(gpu, &parts));
    gnt_status st = gnt_upload(gpu, parts.a, bytes, sizeof bytes);
    if (!st) st = gnt_gpu_sync(gpu);
    assert_int_equal(st, GNT_EDEVICE);
    if (!strstr(gpu->reason, "GPU 0: cuda") || !strstr(gpu->reason, "gpu.cu:")) fail_msg("said: %s", gpu->reason);
    dev->n_gpus = 1;
    dev->gpu[0] = *gpu;
    assert_int_equal(gnt_each_gpu(dev, 1, count_items, t), GNT_EDEVICE);
    assert_string_equal(dev->reason, gpu->reason);
    assert_int_equal(t->seen[0], 0);
    free(dev);
    free(t);
    close_gpu(gpu);
}

static void opening_without_pinned_memory(void **)
{
    machine_with("GNT_EMU_FAULT", "pinned:2");
    gnt_gpu *gpu = static_cast<gnt_gpu *>(calloc(1, sizeof *gpu));
    assert_non_null(gpu);
    assert_int_equal(gnt_gpu_open(gpu, 0), GNT_ENOMEM);
    if (!strstr(gpu->reason, "cudaMallocHost")) fail_msg("said: %s", gpu->reason);
    close_gpu(gpu);
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_of_every_size),           cmocka_unit_test(rows_to_a_pitch),
        cmocka_unit_test(pieces_lie_side_by_side),        cmocka_unit_test(parts_are_aligned_and_apart),
        cmocka_unit_test(a_write_behind_a_part_is_found), cmocka_unit_test(what_does_not_fit_is_refused_with_figures),
        cmocka_unit_test(every_item_is_one_gpu_s),        cmocka_unit_test(a_fault_sticks),
        cmocka_unit_test(opening_without_pinned_memory),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
