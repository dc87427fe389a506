#pragma once

#include <gtest/gtest.h>

#include "script.hpp"

namespace script {

// Takes the step; what its line has to say of it behind the state.
inline std::string take(protocol::conversation& c, const step& s) {
    if (s.who == '^') {
        c.startup_sent();
        return "";
    }
    if (s.who != '<') {
        const auto by = s.who == '*' ? protocol::sender::ours : protocol::sender::client;
        return c.on_frontend(s.tag, by, s.note).has_value() ? "" : "refused";
    }
    const auto reply = c.on_backend(s.tag, s.arguments.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(s.arguments[0]));
    if (s.arguments == "FATAL") c.on_fatal();
    return describe(reply);
}

inline void expect_line(protocol::conversation& c, const step& s, std::size_t line) {
    const bool was_in_step = c.owed().in_step();
    EXPECT_EQ(take(c, s), s.reply) << "line " << line << ": " << s.who << ' ' << s.tag;
    EXPECT_EQ(describe(c), s.state) << "line " << line << ": " << s.who << ' ' << s.tag;
    EXPECT_EQ(c.owed().in_step(), was_in_step && s.reply != "unexpected");
    if (c.owed().quiet()) {
        EXPECT_EQ(c.owed().size(), 0u);
        EXPECT_TRUE(c.owed().settled());
        EXPECT_FALSE(c.owed().owing_ours());
    }
}

}  // namespace script
