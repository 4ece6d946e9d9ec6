/* symbol.cpp: what symbol.h promises. Kernels are hidden symbols, which dladdr doesn't know. */
#include "kernels/emu/symbol.h"

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gnt_emu
{

struct place {
    uintptr_t address, offset;
    std::string path;
};

/* Which object's segments hold the address. */
static int look(struct dl_phdr_info *info, size_t, void *data)
{
    place *p = static_cast<place *>(data);
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        if (info->dlpi_phdr[i].p_type != PT_LOAD || p->address < start ||
            p->address - start >= info->dlpi_phdr[i].p_memsz)
            continue;
        p->offset = p->address - info->dlpi_addr;
        p->path = info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe";
        return 1;
    }
    return 0;
}

/* The mangled name at an offset; the loader has checked this file already, so its tables are trusted within its size.
 */
static std::string find(const char *bytes, size_t size, uintptr_t offset)
{
    const ElfW(Ehdr) *head = reinterpret_cast<const ElfW(Ehdr) *>(bytes);
    if (size < sizeof *head || head->e_shoff + (size_t)head->e_shnum * sizeof(ElfW(Shdr)) > size) return "";
    const ElfW(Shdr) *section = reinterpret_cast<const ElfW(Shdr) *>(bytes + head->e_shoff);
    for (unsigned i = 0; i < head->e_shnum; i++) {
        if (section[i].sh_type != SHT_SYMTAB || section[i].sh_link >= head->e_shnum) continue;
        const ElfW(Shdr) &names = section[section[i].sh_link];
        if (section[i].sh_offset + section[i].sh_size > size || names.sh_offset + names.sh_size > size) continue;
        const ElfW(Sym) *symbol = reinterpret_cast<const ElfW(Sym) *>(bytes + section[i].sh_offset);
        for (size_t s = 0; s < section[i].sh_size / sizeof *symbol; s++)
            if (symbol[s].st_value == offset && (symbol[s].st_info & 0xf) == STT_FUNC &&
                symbol[s].st_name < names.sh_size)
                return bytes + names.sh_offset + symbol[s].st_name;
    }
    return "";
}

/* "void f<8>(float*, int)" becomes "f<8>". */
static std::string readable(const std::string &mangled)
{
    int status = 0;
    char *text = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
    std::string name = text ? text : mangled;
    free(text);
    size_t anonymous = name.find("(anonymous namespace)::");
    if (anonymous != std::string::npos) name.erase(anonymous, strlen("(anonymous namespace)::"));
    name = name.substr(0, name.find('('));
    return name.rfind("void ", 0) == 0 ? name.substr(5) : name;
}

std::string function_name(const void *function)
{
    place p = {reinterpret_cast<uintptr_t>(function), 0, ""};
    struct stat about;
    std::string mangled;
    if (!dl_iterate_phdr(look, &p)) return "kernel";
    int file = open(p.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file >= 0 && fstat(file, &about) == 0) {
        size_t size = (size_t)about.st_size;
        void *bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
        if (bytes != MAP_FAILED) {
            mangled = find(static_cast<const char *>(bytes), size, p.offset);
            munmap(bytes, size);
        }
    }
    if (file >= 0) close(file);
    return mangled.empty() ? "kernel" : readable(mangled);
}

} // namespace gnt_emu
