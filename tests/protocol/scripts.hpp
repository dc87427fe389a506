#pragma once

#include <algorithm>
#include <ostream>
#include <vector>

#include "scripts/copies.hpp"
#include "scripts/pipelines.hpp"
#include "scripts/queries.hpp"
#include "scripts/startups.hpp"

namespace script {

inline void PrintTo(const conversation& c, std::ostream* out) { *out << c.name; }

// All conversations; those `on` a server only, if asked.
inline std::vector<conversation> all() {
    std::vector<conversation> list;
    const auto add = [&](const auto& some) { list.insert(list.end(), std::begin(some), std::end(some)); };
    add(startups);
    add(queries);
    add(pipelines);
    add(copies);
    return list;
}

inline std::vector<conversation> of_a_real_server() {
    auto list = all();
    std::erase_if(list, [](const conversation& c) { return c.from == source::tags; });
    return list;
}

}  // namespace script
