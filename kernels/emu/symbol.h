/* The name of a kernel, for the text of an error. */
#ifndef GNT_EMU_SYMBOL_H
#define GNT_EMU_SYMBOL_H

#include <string>

namespace gnt_emu
{

/* From the symbol table of the file it was loaded from, without arguments; "kernel" when that was stripped. */
std::string function_name(const void *function);

} // namespace gnt_emu

#endif
