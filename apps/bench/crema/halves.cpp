#include "apps/bench/crema/halves.hpp"

#include <array>

namespace crema::bench {

std::span<const crema_program> crema_halves() {
  static constexpr std::array programs{
    crema_program{"word_count", with_crema::word_count},
    crema_program{"range", with_crema::range},
    crema_program{"array", with_crema::array},
    crema_program{"reduce_1m", with_crema::reduce_few},
    crema_program{"reduce_10m", with_crema::reduce_many},
    crema_program{"sort", with_crema::sort},
    crema_program{"tera_sort", with_crema::tera_sort},
    crema_program{"join", with_crema::join},
  };
  return programs;
}

} // namespace crema::bench
