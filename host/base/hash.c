#include "hash.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static void hex(const unsigned char *digest, char out[GNT_SHA256_ROOM])
{
    static const char digit[] = "0123456789abcdef";
    for (int i = 0; i < 32; i++) {
        out[2 * i] = digit[digest[i] >> 4];
        out[2 * i + 1] = digit[digest[i] & 15];
    }
    out[64] = 0;
}

gnt_status gnt_sha256(const void *data, size_t n, char out[GNT_SHA256_ROOM], gnt_error *why)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (EVP_Digest(data, n, digest, NULL, EVP_sha256(), NULL) != 1)
        return gnt_fail(why, GNT_ENOMEM, "SHA-256 failed in the OpenSSL library");
    hex(digest, out);
    return GNT_OK;
}

gnt_status gnt_sha256_file(const char *path, char out[GNT_SHA256_ROOM], gnt_error *why)
{
    gnt_status st = GNT_OK;
    unsigned char digest[EVP_MAX_MD_SIZE], chunk[65536];
    FILE *file = fopen(path, "rb");
    if (!file) return gnt_fail(why, GNT_EIO, "%s: can't open", path);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) goto bad;
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, file)) > 0;)
        if (EVP_DigestUpdate(context, chunk, got) != 1) goto bad;
    if (ferror(file)) {
        st = gnt_fail(why, GNT_EIO, "%s: read failed", path);
        goto out;
    }
    if (EVP_DigestFinal_ex(context, digest, NULL) != 1) goto bad;
    hex(digest, out);
    goto out;
bad:
    st = gnt_fail(why, GNT_ENOMEM, "%s: SHA-256 failed in the OpenSSL library", path);
out:
    EVP_MD_CTX_free(context);
    fclose(file);
    return st;
}

uint64_t gnt_fnv1a_64(const char *text)
{
    uint64_t h = 14695981039346656037u;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 1099511628211u;
    return h;
}

uint32_t gnt_fnv1a_32(const char *text)
{
    uint32_t h = 2166136261u;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 16777619u;
    return h;
}
