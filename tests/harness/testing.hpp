#pragma once

// crema::testing: simulate actors, and replay what goes wrong from a seed. See docs/testing.md.

#include "tests/harness/actor_test.hpp"
#include "tests/harness/explore.hpp"
#include "tests/harness/give_back.hpp"
#include "tests/harness/probe.hpp"
#include "tests/harness/simulation.hpp"
