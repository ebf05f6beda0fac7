#pragma once

// Clocks, time points and durations without calendars and text, for which <chrono> brings all of <sstream>: an eighth
// of a second in every file that includes crema. Where the standard library is not libstdc++, all of it.

#if __has_include(<bits/chrono.h>)
#include <bits/chrono.h>
#else
#include <chrono>
#endif
