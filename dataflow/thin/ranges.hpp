#pragma once

// The concepts of ranges and how to go over one, without the views: a tenth of a second in every file that includes
// crema. Where the standard library is not libstdc++, all of <ranges>.

#include <iterator>

#if __has_include(<bits/ranges_base.h>)
#include <bits/ranges_base.h>
#else
#include <ranges>
#endif
