#include "dataflow/function/identity.hpp"

#include "dataflow/block/byte_stream.hpp"
#include "dataflow/error.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <link.h>
#include <memory>
#include <optional>
#include <vector>
#include <xxhash.h>

namespace crema::internal {

namespace {

std::string hex(const unsigned char* bytes, std::size_t size) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (std::size_t i = 0; i != size; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

struct range {
  std::uintptr_t first = 0;
  std::uintptr_t last = 0;
  bool code = false;

  bool holds(std::uintptr_t address, std::size_t size) const {
    return address >= first && address <= last && size <= last - address;
  }
};

/// An executable or shared library as the dynamic linker mapped it.
struct loaded_object {
  std::string name;
  std::string build_id;
  std::uintptr_t base = 0;
  std::vector<range> segments;

  const range* find(std::uintptr_t address, std::size_t size) const {
    for (const auto& each : segments)
      if (each.holds(address, size))
        return &each;
    return nullptr;
  }
};

/// A note is: sizes of name and content, a type, then name and content, each padded to 4 bytes.
std::string build_id_note(const char* notes, std::size_t size) {
  constexpr auto padded = [](std::size_t n) { return (n + 3) & ~std::size_t{3}; };
  ElfW(Nhdr) head;
  while (size >= sizeof head) {
    std::memcpy(&head, notes, sizeof head);
    const auto body = padded(head.n_namesz) + padded(head.n_descsz);
    if (size - sizeof head < body)
      break;
    const auto* title = notes + sizeof head;
    if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 && std::memcmp(title, "GNU", 4) == 0)
      return hex(reinterpret_cast<const unsigned char*>(title + 4), head.n_descsz);
    notes += sizeof head + body;
    size -= sizeof head + body;
  }
  return {};
}

std::string_view file_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

loaded_object describe(const dl_phdr_info& info) {
  loaded_object object;
  object.name = file_name(info.dlpi_name == nullptr ? "" : info.dlpi_name);
  object.base = info.dlpi_addr;
  for (int i = 0; i != info.dlpi_phnum; ++i) {
    const auto& header = info.dlpi_phdr[i];
    const auto first = object.base + header.p_vaddr;
    if (header.p_type == PT_LOAD && (header.p_flags & PF_R) != 0)
      object.segments.push_back({first, first + header.p_memsz, (header.p_flags & PF_X) != 0});
    else if (header.p_type == PT_NOTE && object.build_id.empty())
      object.build_id = build_id_note(reinterpret_cast<const char*>(first), header.p_memsz);
  }
  return object;
}

/// The first loaded object for which `wanted` holds; the executable is the first of all.
template <class Predicate>
std::optional<loaded_object> find_object(Predicate wanted) {
  struct search {
    Predicate& wanted;
    std::optional<loaded_object> found;
  } state{wanted, {}};
  dl_iterate_phdr(
    [](dl_phdr_info* info, std::size_t, void* data) {
      auto& s = *static_cast<search*>(data);
      auto object = describe(*info);
      if (!s.wanted(object))
        return 0;
      s.found = std::move(object);
      return 1;
    },
    &state);
  return std::move(state.found);
}

const loaded_object& executable() {
  static const loaded_object self = find_object([](const loaded_object&) { return true; }).value_or(loaded_object{});
  return self;
}

error unloadable(const image_location& place, const std::string& why) {
  return {errc::not_portable, "a function lives in the shared library " + place.object + ", which " + why};
}

loaded_object library(const image_location& place) {
  auto found = find_object([&](const loaded_object& each) { return each.name == place.object; });
  if (!found)
    throw unloadable(place, "is not loaded in this process; link the program with it, or load it before crema::init");
  if (found->build_id != place.build_id)
    throw unloadable(place, "has build id '" + place.build_id + "' where the function comes from and '"
                              + found->build_id
                              + "' here; install the same library on both machines, or link it statically");
  return std::move(*found);
}

} // namespace

image_location locate(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  if (executable().find(wanted, 1) != nullptr)
    return {{}, {}, wanted - executable().base};
  auto found = find_object([&](const loaded_object& each) { return each.find(wanted, 1) != nullptr; });
  if (!found)
    throw error{errc::not_portable, "the address " + hex(wanted)
                                      + " is neither in this program nor in a library it loaded, so no other process "
                                        "can find it; pass a function that was compiled into the program"};
  return {std::move(found->name), std::move(found->build_id), wanted - found->base};
}

const void* resolve(const image_location& place, segment kind, std::size_t size) {
  const auto in = [&](const loaded_object& object) {
    const auto address = object.base + place.offset;
    const auto* home = object.find(address, size);
    if (home == nullptr || (kind == segment::code && !home->code))
      throw error{errc::corrupt_data, "the offset " + hex(place.offset) + " names no "
                                        + (kind == segment::code ? "function" : "object") + " of "
                                        + (place.object.empty() ? "this executable" : place.object)
                                        + "; the bytes are damaged or come from another build"};
    return reinterpret_cast<const void*>(address);
  };
  return place.object.empty() ? in(executable()) : in(library(place));
}

void encode_address(const void* address, byte_writer& out) {
  const auto place = locate(address);
  out.varint(place.object.size());
  out.put(place.object.data(), place.object.size());
  if (!place.object.empty()) {
    out.varint(place.build_id.size());
    out.put(place.build_id.data(), place.build_id.size());
  }
  out.varint(place.offset);
}

const void* decode_address(byte_reader& in, segment kind, std::size_t size) {
  const auto text = [&] {
    const auto bytes = in.take(in.count(1));
    return std::string{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  };
  image_location place;
  place.object = text();
  if (!place.object.empty())
    place.build_id = text();
  place.offset = in.varint();
  return resolve(place, kind, size);
}

std::string file_hash(const char* path) {
  const auto failed = [&] {
    return error{errc::io_failure, "cannot read " + std::string{path} + ": " + std::strerror(errno)};
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path, "rb"), &std::fclose};
  if (!file)
    throw failed();
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state{XXH3_createState(), &XXH3_freeState};
  XXH3_128bits_reset(state.get());
  std::vector<char> chunk(256 * 1024);
  while (const auto n = std::fread(chunk.data(), 1, chunk.size(), file.get()))
    XXH3_128bits_update(state.get(), chunk.data(), n);
  if (std::ferror(file.get()) != 0)
    throw failed();
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(state.get()));
  return "xxh3:" + hex(digest.digest, sizeof digest.digest);
}

const std::string& build_id() {
  // The link stays valid when the file was replaced meanwhile: it leads to the bytes that this process runs.
  static const std::string id = executable().build_id.empty() ? file_hash("/proc/self/exe") : executable().build_id;
  return id;
}

void require_build_id(std::string_view theirs, std::string_view peer) {
  if (theirs == build_id())
    return;
  throw error{errc::not_portable, "build id mismatch: " + std::string{peer} + " runs build " + std::string{theirs}
                                    + ", this process runs build " + build_id()
                                    + "; functions travel only between processes of the same executable"};
}

} // namespace crema::internal
