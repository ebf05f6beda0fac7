#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace crema::net {

/// Throws unsupported, with a sentence for the driver's user, where this machine cannot run the executable at `path`:
/// because it is none, because it is one for another processor, or because it wants a dynamic loader that is not here,
/// which is how another C library shows. Whether all its shared libraries are here, only the loader itself can say.
void require_runnable(const std::string& path);

/// The same for the beginning of a file; `own` is the beginning of one that runs here.
void require_runnable(std::span<const std::byte> executable, std::span<const std::byte> own);

} // namespace crema::net
