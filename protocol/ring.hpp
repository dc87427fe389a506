#pragma once
#include <deque>
namespace protocol { template <class T> using ring = std::deque<T>; }
