#include "apps/bench/crema/halves.hpp"

#include <array>

namespace crema::bench {

std::span<const crema_program> crema_halves() {
  static const std::array programs{
    crema_program{"word_count", with_crema::word_count},
    crema_program{"range", with_crema::range},
    crema_program{"array", with_crema::array},
    crema_program{"reduce_1m", with_crema::reduce_few},
    crema_program{"reduce_10m", with_crema::reduce_many},
    crema_program{"sort", with_crema::sort},
    crema_program{"tera_sort", with_crema::tera_sort},
    crema_program{"join", with_crema::join},
    crema_program{"page_rank", with_crema::page_rank},
    crema_program{"k_means", with_crema::k_means},
    crema_program{"net", with_crema::network},
    crema_program{"collect", with_crema::tiny_collect},
    crema_program{"reduce", with_crema::tiny_reduce},
    crema_program{"actors", with_crema::actor_collect},
    crema_program{"partitions", with_crema::many_partitions},
    crema_program{"records", with_crema::many_records},
    crema_program{"sorted", with_crema::many_sorted},
    crema_program{"compile_gcc", with_crema::compile_gcc()},
    crema_program{"compile_clang", with_crema::compile_clang()},
  };
  return programs;
}

} // namespace crema::bench
