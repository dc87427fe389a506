#pragma once

#include <deque>

namespace protocol {

// First in, first out, with a look at what is in between.
template <class T>
using ring = std::deque<T>;

}  // namespace protocol
