/* In which order threads and blocks take their turns. Results must not depend on it, so tests run in several. */
#ifndef GNT_EMU_ORDER_H
#define GNT_EMU_ORDER_H

#include <stdint.h>

namespace gnt_emu
{

/* ahead: as forward, but a warp that has met runs on before all others, as far as the next barrier of its block. */
enum class order_kind : uint8_t { forward, reverse, ahead, shuffle };

struct order {
    order_kind kind = order_kind::forward;
    uint64_t seed = 0;

    /* "forward", "reverse", "ahead" or "shuffle:SEED"; false when the text is none of them. */
    bool parse(const char *text);
};

/* Draws one permutation after the other; equal seeds give equal sequences. */
class turns
{
  public:
    turns(order o, uint64_t stream) : kind(o.kind), state(o.seed * 0x9e3779b97f4a7c15u + stream)
    {
    }
    /* out[0..n) becomes 0..n-1 in this order. */
    template <typename T> void draw(T *out, uint32_t n)
    {
        for (uint32_t i = 0; i < n; i++) out[i] = (T)(kind == order_kind::reverse ? n - 1 - i : i);
        if (kind != order_kind::shuffle) return;
        for (uint32_t i = n; i > 1; i--) {
            uint32_t j = (uint32_t)(next() % i);
            T swap = out[i - 1];
            out[i - 1] = out[j];
            out[j] = swap;
        }
    }

    bool ahead() const
    {
        return kind == order_kind::ahead;
    }

  private:
    uint64_t next(); /* splitmix64 */
    order_kind kind;
    uint64_t state;
};

} // namespace gnt_emu

#endif
