#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "policy/judge.hpp"
#include "protocol/bytes.hpp"
#include "proxy/audit.hpp"
#include "proxy/judged_message.hpp"

namespace proxy {

enum class note : std::uint16_t { nothing, parse, close, statement, refused, long_text };
// A message of the client's whose reply matters to us, oldest first: the same order as in the ledger.
struct noted {
    note kind;
    std::string name;                              // of the prepared statement
    std::shared_ptr<const policy::script> script;  // null: a Parse of something harmless under a remembered name
    std::shared_ptr<audit_record> record;          // of the decision; its outcome is still to come
    std::chrono::steady_clock::time_point sent;
    std::string tag, sqlstate, error;              // what the server has answered so far
    policy::finding refusal;
    statement_deeds deeds;                         // of the statements that have not succeeded yet
    protocol::buffer notices;                      // of ours, that go before the reply
};

}  // namespace proxy
