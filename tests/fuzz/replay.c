/* Feeds every file of the folder argv[1] to the fuzz target once: the corpus as a test, without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER (got %s)\n", argv[0], argc == 2 ? argv[1] : "nothing");
        return 1;
    }
    size_t n_files = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (!file) continue;
        uint8_t *data = malloc((size_t)1 << 20);
        size_t n = data ? fread(data, 1, (size_t)1 << 20, file) : 0;
        fclose(file);
        /* an exact-size copy, so that a read past the end is seen by ASan */
        uint8_t *exact = malloc(n ? n : 1);
        if (!data || !exact) return 1;
        for (size_t i = 0; i < n; i++) exact[i] = data[i];
        free(data);
        LLVMFuzzerTestOneInput(exact, n);
        free(exact);
        n_files++;
    }
    closedir(folder);
    printf("%zu inputs replayed\n", n_files);
    return n_files ? 0 : 1; /* an empty corpus proves nothing */
}
