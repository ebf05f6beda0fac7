#include "net/cluster/own_executable.hpp"

#include "dataflow/io/failed_call.hpp"

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <sys/mman.h>
#include <sys/stat.h>

namespace crema::net {

namespace {

// The link leads to the bytes that run, also when the file was replaced meanwhile.
constexpr auto own_path = "/proc/self/exe";

shared_bytes mapped(const std::string& path) {
  const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0)
    throw internal::failed_call("opening", path, errno);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0)
    return {};
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (at == MAP_FAILED)
    throw internal::failed_call("mapping", path, errno);
  return {std::shared_ptr<const void>{at, [size](const void* there) { ::munmap(const_cast<void*>(there), size); }},
          {static_cast<const std::byte*>(at), size}};
}

} // namespace

cargo read_cargo(const std::string& path, const std::string& name) {
  auto all = mapped(path);
  sha256 hash;
  hash.add(all.bytes);
  executable_id id{hash.finish(), all.bytes.size()};
  return {std::move(id), std::move(all), name};
}

const cargo& this_executable() {
  static const cargo own = read_cargo(own_path);
  return own;
}

} // namespace crema::net
