#include "net/executables/elf.hpp"

#include "dataflow/error.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <link.h>
#include <optional>
#include <unistd.h>
#include <utility>
#include <vector>

namespace crema::net {

namespace {

/// The headers that are looked at stand in the first page or two.
constexpr std::size_t elf_head_bytes = std::size_t{16} << 10;

std::vector<std::byte> head_of(const std::string& path) {
  std::vector<std::byte> head(elf_head_bytes);
  std::ifstream file{path, std::ios::binary};
  file.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  return head;
}

/// What the file holds at `offset`, where it holds that much.
template <class T>
std::optional<T> value_at(std::span<const std::byte> file, std::size_t offset) {
  if (offset > file.size() || file.size() - offset < sizeof(T))
    return {};
  T value;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

using machine_number = decltype(ElfW(Ehdr)::e_machine);

std::string machine_name(const ElfW(Ehdr) & header) {
  static constexpr std::array<std::pair<machine_number, const char*>, 7> names{{{EM_X86_64, "x86-64"},
                                                                                {EM_AARCH64, "AArch64"},
                                                                                {EM_386, "x86"},
                                                                                {EM_ARM, "ARM"},
                                                                                {EM_RISCV, "RISC-V"},
                                                                                {EM_PPC64, "PowerPC"},
                                                                                {EM_S390, "s390"}}};
  const auto found = std::ranges::find(names, header.e_machine, [](const auto& each) { return each.first; });
  const auto name = found == names.end() ? "machine " + std::to_string(header.e_machine) : std::string{found->second};
  return name + (header.e_ident[EI_CLASS] == ELFCLASS64 ? ", 64 bits" : ", 32 bits");
}

/// The machine's number stands at the same place in files for 32 and 64 bits.
bool for_the_same_machine(const ElfW(Ehdr) & one, const ElfW(Ehdr) & other) {
  return one.e_ident[EI_CLASS] == other.e_ident[EI_CLASS] && one.e_ident[EI_DATA] == other.e_ident[EI_DATA]
         && one.e_machine == other.e_machine;
}

/// The program that starts it; empty where it is linked statically.
std::string loader_of(std::span<const std::byte> file, const ElfW(Ehdr) & header) {
  for (std::size_t i = 0; i != header.e_phnum; ++i) {
    const auto segment = value_at<ElfW(Phdr)>(file, header.e_phoff + i * sizeof(ElfW(Phdr)));
    if (!segment || segment->p_type != PT_INTERP)
      continue;
    if (segment->p_offset > file.size() || file.size() - segment->p_offset < segment->p_filesz)
      break;
    const auto name = file.subspan(segment->p_offset, segment->p_filesz);
    return {reinterpret_cast<const char*>(name.data()),
            ::strnlen(reinterpret_cast<const char*>(name.data()), name.size())};
  }
  return {};
}

[[noreturn]] void refuse(const std::string& why) {
  throw error{errc::unsupported, "the driver's executable " + why};
}

} // namespace

void require_runnable(std::span<const std::byte> executable, std::span<const std::byte> own) {
  const auto header = value_at<ElfW(Ehdr)>(executable, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
    refuse("is no ELF file");
  const auto here = value_at<ElfW(Ehdr)>(own, 0);
  if (here && !for_the_same_machine(*header, *here))
    refuse("is for another processor (" + machine_name(*header) + ") than this machine's (" + machine_name(*here)
           + "): build it for this one");
  if (const auto loader = loader_of(executable, *header); !loader.empty() && ::access(loader.c_str(), X_OK) != 0)
    refuse("is started by '" + loader
           + "', which is not on this machine: it was built for another C library. Build it on a system like this "
             "one, or link it statically");
}

void require_runnable(const std::string& path) {
  require_runnable(head_of(path), head_of("/proc/self/exe"));
}

} // namespace crema::net
