#pragma once

#include <string>

#include <gtest/gtest.h>

#include "body.hpp"

namespace wire {

// Every shorter body is refused, and one with an octet more; the whole one is not. `decode` is given the octets in a block
// of exactly their size.
template <class Decode>
void check_every_cut(const std::string& body, Decode decode) {
    EXPECT_TRUE(decode(exact(body))) << "whole";
    for (std::size_t n = 0; n < body.size(); ++n) EXPECT_FALSE(decode(exact(body.substr(0, n)))) << "cut after " << n;
    for (const char more : {'\0', 'x'}) EXPECT_FALSE(decode(exact(body + more))) << "one octet more";
}

}  // namespace wire
