/* Philox streams: one per use, below 65536, never shared (statistics.md 15). The one list. */
#ifndef GNT_MATH_STREAMS_H
#define GNT_MATH_STREAMS_H

enum {
    /* 0..99: given by the caller on the command line (bootstrap, random) */
    GNT_STREAM_SPLIT = 101,           /* A/B arm of a request (SPEC 10, Replay) */
    GNT_STREAM_RANDOM_BOOK = 102,     /* runs and gaps of the random benchmark (SPEC 10, Figures) */
    GNT_STREAM_INIT = 103,            /* first weights of a model; replicate = tensor number */
    GNT_STREAM_SHUFFLE = 105,         /* order of training windows; replicate = epoch */
    GNT_STREAM_DROPOUT = 104,         /* dropout words; replicate = epoch 2^32 + row of the window's last bar */
    GNT_STREAM_MARKET_COIN = 110,     /* direction of a built-in bar; replicate = hash of the symbol */
    GNT_STREAM_MARKET_SHAPE = 111,    /* sizes, gaps, wicks, volume of a built-in bar */
    GNT_STREAM_MARKET_PRESSURE = 112, /* turns of a built-in market's pressure */
    GNT_STREAM_BENCH = 120,           /* inputs of benchmarks */
    /* above 65535: 65536 * attempt is added when a bounded draw is rejected */
};

#endif
