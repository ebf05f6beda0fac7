#pragma once

/// Everything that a program with crema needs: `#include <crema/crema.hpp>`.

#include "dataflow/context.hpp"
#include "dataflow/error.hpp"
#include "dataflow/function/capture.hpp"
#include "dataflow/metrics.hpp"
#include "dataflow/operations.hpp"
#include "dataflow/text/split_words.hpp"
#include "net/init.hpp"
