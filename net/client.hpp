#pragma once

/// All of <crema/crema.hpp>, and views of engines: `#include <crema/client.hpp>`.

#include "dataflow/view/client.hpp"
#include "net/crema.hpp"
