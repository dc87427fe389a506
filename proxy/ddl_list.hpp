#pragma once

#include <memory>
#include <vector>

#include "proxy/ddl_under_way.hpp"
#include "proxy/worker.hpp"

namespace proxy {

// All sessions that change the schema, each at a moment of its worker's thread. Waits for the workers, up to a second; one that
// does not answer is left out, and the list is not complete. From any thread but theirs.
ddl_list list_ddl(const std::vector<std::unique_ptr<worker>>& workers);

}  // namespace proxy
