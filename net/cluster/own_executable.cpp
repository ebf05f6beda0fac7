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
constexpr auto path = "/proc/self/exe";

shared_bytes mapped() {
  const descriptor file{::open(path, O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0)
    throw internal::failed_call("opening", path, errno);
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (at == MAP_FAILED)
    throw internal::failed_call("mapping", path, errno);
  return {std::shared_ptr<const void>{at, [size](const void* there) { ::munmap(const_cast<void*>(there), size); }},
          {static_cast<const std::byte*>(at), size}};
}

own_executable hashed() {
  auto all = mapped();
  sha256 hash;
  hash.add(all.bytes);
  executable_id id{hash.finish(), all.bytes.size()};
  return {std::move(id), std::move(all)};
}

} // namespace

const own_executable& this_executable() {
  static const own_executable own = hashed();
  return own;
}

} // namespace crema::net
