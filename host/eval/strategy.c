/* The parameters of SPEC 5 as one table: what the command line, experiment files and sweeps accept. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/nearest.h"
#include "host/eval/backtest.h"

#define FIELD(name) offsetof(gnt_strategy, name), sizeof((gnt_strategy *)0)->name
#define WORDS 0, 0
#define NOTIONAL "bp (1/10,000) of the traded notional, one way: "

const gnt_parameter gnt_strategy_parameters[] = {
    {"upper", "P", "0.5", "a score above it asks for a long position", FIELD(upper), 0, 1},
    {"lower", "P", "0.5", "a score below it asks for a short one, or flat without shorts", FIELD(lower), 0, 1},
    {"shorts", "false|true", "false", "short positions are allowed", FIELD(shorts), WORDS},
    {"between", "flat|hold", "flat", "a score between lower and upper: go flat, or keep the position", FIELD(between),
     WORDS},
    {"size", "fixed|vol_target|kelly", "fixed", "exposure: 1, by volatility, or by the score", FIELD(size), WORDS},
    {"target-vol", "SHARE", "0.15", "size vol_target: volatility a year to aim at", FIELD(target_vol), 1e-6, 100},
    {"max-leverage", "X", "1", "sizes vol_target and kelly: the largest exposure", FIELD(max_leverage), 1e-6, 100},
    {"kelly-fraction", "X", "0.5", "size kelly: exposure per |2p - 1|; assumes an even-money bet",
     FIELD(kelly_fraction), 0, 100},
    {"fill", "next_open|next_close|same_close", "next_open",
     "where a decision is filled; same_close is optimistic and marked so", FIELD(fill), WORDS},
    {"rebalance", "on_change|daily", "on_change", "trade when the target changes, or every bar", FIELD(rebalance),
     WORDS},
    {"commission-bp", "BP", "0.5", NOTIONAL "commission", FIELD(commission_bp), 0, 5000},
    {"half-spread-bp", "BP", "1", NOTIONAL "half the bid-ask spread", FIELD(half_spread_bp), 0, 5000},
    {"slippage-bp", "BP", "1", NOTIONAL "slippage", FIELD(slippage_bp), 0, 5000},
    {"impact-bp", "BP", "0", "bp at a notional of one 20-bar mean dollar volume; grows with its root", FIELD(impact_bp),
     0, 1e5},
    {"fee-per-trade", "USD", "0", "fixed fee of every fill", FIELD(fee_per_trade), 0, 1e9},
    {"borrow-bp", "BP", "50", "bp a year on the value of a short position", FIELD(borrow_bp), 0, 1e5},
    {"margin-bp", "BP", "0", "bp a year on borrowed cash", FIELD(margin_bp), 0, 1e5},
    {"cash-rate", "SHARE", "0", "interest on cash, a fraction a year; short proceeds earn it too", FIELD(cash_rate), -1,
     10},
    {"capital", "USD", "1000000", "equity before the window", FIELD(capital), 0.01, 1e15},
    {"periods", "N", "252", "bars a year", FIELD(periods), 1, 1e6},
    {"close-at-end", "false|true", "true", "close an open position at the window's last close, at cost",
     FIELD(close_at_end), WORDS},
};
const size_t gnt_n_strategy_parameters = sizeof gnt_strategy_parameters / sizeof *gnt_strategy_parameters;

_Static_assert(sizeof(gnt_fill) == sizeof(unsigned) && sizeof(gnt_size) == sizeof(unsigned), "enums are unsigned int");

bool gnt_parameter_is_words(const gnt_parameter *p)
{
    return p->smallest == 0 && p->largest == 0;
}

/* Equal names, '_' and '-' taken for the same. */
static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if ((*a == '_' ? '-' : *a) != (*b == '_' ? '-' : *b)) return false;
    return *a == *b;
}

/* Number of `word` in "a|b|c", -1 when it is none of them. */
static int word_number(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (int i = 0; length; i++) {
        size_t n = strcspn(list, "|");
        if (n == length && !memcmp(list, word, n)) return i;
        if (!list[n]) break;
        list += n + 1;
    }
    return -1;
}

static void put_word(gnt_strategy *strategy, const gnt_parameter *p, unsigned number)
{
    void *field = (char *)strategy + p->offset;
    if (p->size == sizeof(bool))
        *(bool *)field = number != 0;
    else
        memcpy(field, &number, sizeof number);
}

static unsigned get_word(const gnt_strategy *strategy, const gnt_parameter *p)
{
    const void *field = (const char *)strategy + p->offset;
    unsigned number;
    if (p->size == sizeof(bool)) return *(const bool *)field;
    memcpy(&number, field, sizeof number);
    return number;
}

static gnt_status put_real(gnt_strategy *strategy, const gnt_parameter *p, const char *value, gnt_error *why)
{
    char *end;
    double x = strtod(value, &end);
    bool plain = *value && value[strspn(value, "+-.0123456789eE")] == 0; /* no hexadecimal, inf, nan or blanks */
    if (!plain || *end || !isfinite(x))
        return gnt_fail(why, GNT_EINVAL, "%s: \"%.60s\" is no number; a value from %g to %g is expected", p->name,
                        value, p->smallest, p->largest);
    if (!(x >= p->smallest && x <= p->largest))
        return gnt_fail(why, GNT_EINVAL, "%s: %.60s is out of range; a value from %g to %g is expected", p->name, value,
                        p->smallest, p->largest);
    gnt_parameter_put(strategy, p, x);
    return GNT_OK;
}

static gnt_status unknown(const char *name, gnt_error *why)
{
    const char *names[sizeof gnt_strategy_parameters / sizeof *gnt_strategy_parameters];
    for (size_t i = 0; i < gnt_n_strategy_parameters; i++) names[i] = gnt_strategy_parameters[i].name;
    const char *near = gnt_nearest(name, names, gnt_n_strategy_parameters);
    return gnt_fail(why, GNT_EINVAL, "unknown strategy parameter \"%.60s\"%s%s%s", name, near ? ", did you mean " : "",
                    near ? near : "", near ? "?" : "");
}

gnt_status gnt_parameter_find(const char *name, const gnt_parameter **parameter, gnt_error *why)
{
    for (size_t i = 0; i < gnt_n_strategy_parameters; i++) {
        *parameter = &gnt_strategy_parameters[i];
        if (same_name(name, (*parameter)->name)) return GNT_OK;
    }
    return unknown(name, why);
}

void gnt_parameter_put(gnt_strategy *strategy, const gnt_parameter *p, double value)
{
    if (gnt_parameter_is_words(p))
        put_word(strategy, p, (unsigned)value);
    else
        *(double *)(void *)((char *)strategy + p->offset) = value;
}

double gnt_parameter_get(const gnt_strategy *strategy, const gnt_parameter *p)
{
    if (gnt_parameter_is_words(p)) return get_word(strategy, p);
    return *(const double *)(const void *)((const char *)strategy + p->offset);
}

gnt_status gnt_strategy_set(gnt_strategy *strategy, const char *name, const char *value, gnt_error *why)
{
    const gnt_parameter *p;
    GNT_TRY(gnt_parameter_find(name, &p, why));
    if (!gnt_parameter_is_words(p)) return put_real(strategy, p, value, why);
    int number = word_number(p->value_hint, value);
    if (number < 0) return gnt_fail(why, GNT_EINVAL, "%s: \"%.60s\" is not one of %s", p->name, value, p->value_hint);
    put_word(strategy, p, (unsigned)number);
    return GNT_OK;
}

void gnt_strategy_default(gnt_strategy *strategy)
{
    *strategy = (gnt_strategy){0};
    for (size_t i = 0; i < gnt_n_strategy_parameters; i++) {
        const gnt_parameter *p = &gnt_strategy_parameters[i];
        if (gnt_strategy_set(strategy, p->name, p->fallback, NULL)) continue; /* never: a test sets every fallback */
    }
}

double gnt_strategy_largest(const gnt_strategy *strategy)
{
    return strategy->size == GNT_SIZE_FIXED ? 1 : strategy->max_leverage;
}

gnt_status gnt_strategy_check(const gnt_strategy *s, gnt_error *why)
{
    double cost = (s->commission_bp + s->half_spread_bp + s->slippage_bp) / 10000, largest = gnt_strategy_largest(s);
    if (!(s->lower <= s->upper))
        return gnt_fail(why, GNT_EINVAL, "lower %g is above upper %g; lower <= upper is expected", s->lower, s->upper);
    if (!(cost * largest < 1))
        return gnt_fail(why, GNT_EINVAL,
                        "costs of %g bp a side at an exposure of %g take the whole trade; less than %g bp is expected",
                        cost * 10000, largest, 10000 / largest);
    return GNT_OK;
}

void gnt_parameter_json(json_t *object, const gnt_strategy *strategy, const gnt_parameter *p)
{
    char key[40];
    snprintf(key, sizeof key, "%s", p->name);
    for (char *c = key; *c; c++)
        if (*c == '-') *c = '_';
    if (!gnt_parameter_is_words(p)) {
        gnt_json_figure(object, key, gnt_parameter_get(strategy, p), NULL);
    } else if (p->size == sizeof(bool)) {
        gnt_json_flag(object, key, get_word(strategy, p) != 0);
    } else {
        const char *word = p->value_hint;
        for (unsigned n = get_word(strategy, p); n; n--) word = strchr(word, '|') + 1;
        gnt_json_put(object, key, json_stringn(word, strcspn(word, "|")));
    }
}

json_t *gnt_strategy_json(const gnt_strategy *strategy)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < gnt_n_strategy_parameters; i++)
        gnt_parameter_json(object, strategy, &gnt_strategy_parameters[i]);
    return object;
}
